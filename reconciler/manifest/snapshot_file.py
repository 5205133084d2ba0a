"""Snapshots as files: written whole or not at all, and read strictly."""

from pathlib import Path

from reconciler.core.diagnostics import Diagnostic
from reconciler.core.snapshot import Snapshot
from reconciler.errors import ManifestError, SettingsError
from reconciler.manifest import files
from reconciler.manifest.snapshot_text import ReadRecord, WriteRecord, written
from reconciler.manifest.snapshot_text import read as read_text

MAX_BYTES = 64 * 1024 * 1024


def write(path: Path, snapshot: Snapshot, record_text: WriteRecord) -> None:
    """Write a snapshot; raises SettingsError where that can't be."""
    try:
        files.replace(path, written(snapshot, record_text))
    except OSError as error:
        raise SettingsError.unwritten("the snapshot can't be written", error, path) from error


def read(path: Path, record_from: ReadRecord) -> Snapshot:
    """Return the snapshot in a file; raises ManifestError with every finding, sorted."""
    content = files.read_bytes(path, str(path), MAX_BYTES, "take one of fewer hosts with `--host`")
    text = content if isinstance(content, Diagnostic) else files.decode(content, str(path))
    if isinstance(text, Diagnostic):
        raise ManifestError((text,))
    snapshot, findings = read_text(text, str(path), record_from)
    if snapshot is None:
        raise ManifestError(tuple(sorted(findings)))
    return snapshot
