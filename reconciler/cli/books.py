"""The locks beside the manifests, each as a book: with what the manifests beside it refer to."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.core.resource import Resource
from reconciler.ports import Sources
from reconciler.workflow.lock import Book, Referral, referrals

if TYPE_CHECKING:
    from reconciler.manifest.lockfile import LockFile


def books_of(files: Sequence["LockFile"], resources: Sequence[Resource], sources: Sources) -> tuple[Book, ...]:
    """Return the locks, each with what the manifests beside it refer to."""
    from reconciler.manifest.lockfile import lock_of

    asked: dict[Path, list[Referral]] = {file.path: [] for file in files}
    for item in referrals(resources, sources):
        asked[lock_of(item.chain[0], files).path].append(item)
    return tuple(Book(str(file.path), file.name, tuple(asked[file.path]), file.by_name, file.whole) for file in files)
