"""What a conversion comes to, written short; and its text read back as any manifest is."""

from pathlib import Path
from tempfile import TemporaryDirectory

from reconciler.core.resource import Resource
from reconciler.manifest.drafts import manifest_text
from reconciler.manifest.foreign.converted import Converted
from reconciler.manifest.load import Loaded, load


def names(found: Converted) -> list[str]:
    """Return the models, with `!` behind each that is pulled over plain http, and `prune` for a policy."""
    return [_short(draft.entry) for draft in found.drafts]


def _short(entry: object) -> str:
    if not isinstance(entry, Resource):
        return "prune"
    insecure = any(("insecure", True) in ref.options for ref in entry.sources)
    return str(entry.name).removesuffix(":latest") + "!" * insecure


def told(found: Converted) -> list[str]:
    """Return the findings as `line:column message`."""
    return [f"{item.location.line}:{item.location.column} {item.message}" for item in found.findings]


def valid(found: Converted) -> Loaded | None:
    """Return what the written manifest declares, None where it declares nothing; it must be valid in any case."""
    with TemporaryDirectory() as folder:
        text = manifest_text(found.drafts, ["head"], ["end"], folder).text
        if "\nkind: " not in text:
            return None
        Path(folder, "converted.yaml").write_text(text, encoding="utf-8", newline="")
        return load([Path(folder)])
