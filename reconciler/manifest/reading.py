"""The text of one file -> what its documents declare, or what is wrong with them."""

from collections.abc import Iterator

from reconciler.core.diagnostics import Diagnostic
from reconciler.core.resource import Declared
from reconciler.manifest.folder import Folder
from reconciler.manifest.parse import parse
from reconciler.manifest.schema import judge
from reconciler.manifest.yaml_tree import Document, documents


def read(text: str, shown: str, home: Folder) -> Iterator[Declared | Diagnostic]:
    """Yield what each document declares, or its findings; `shown` names the file in them."""
    for document in documents(text, shown):
        yield from _document(document, home)


def _document(document: Document, home: Folder) -> Iterator[Declared | Diagnostic]:
    yield from document.findings
    if document.root is None or not document.sound:
        return
    known = {item.location for item in document.findings}
    judged = tuple(item for item in judge(document.root, home) if item.location not in known)
    yield from judged
    if not document.findings and not judged:
        made, findings = parse(document.root, home)
        yield from findings
        yield made
