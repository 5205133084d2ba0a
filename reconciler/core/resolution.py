"""Resolution: an entry made concrete. Pinned content in, fingerprintable facts and exact steps out."""

from reconciler.core.digest import Digest
from reconciler.core.facts import Fact, Facts, facts
from reconciler.core.frozen import dataclass
from reconciler.core.names import ModelName
from reconciler.core.resource import Overlay, SourceRef
from reconciler.core.steps import Blob, Copy, Create, Delete, Pull, Step, Upload, projectors_of, staging_name

Named = tuple[str, Blob]
"""A file's relative name, and its content."""

_TEXTS = ("template", "system", "quantize", "renderer", "parser")  # of an overlay, under the names that facts have


@dataclass(frozen=True, slots=True)
class Pinned:
    """What a mutable reference means now. A source gives either `pull` or `files`."""

    reference: str  # how people name it, e.g. `org/repo@main Q4_K_M`; the same text means the same question
    provenance: Facts  # where it comes from and what it was pinned to: goes into lock, registry and reports
    size: int  # bytes of all of it
    pull: Pull | None = None
    files: tuple[Named, ...] = ()  # all of them .gguf, the model and then its projector; or what hosts convert
    holds: str = ""  # "model" or "adapter"; empty where the source can't tell before the content is there
    pin: Facts = ()  # what the lock keeps of it: all that `Source.restore` needs to give the same again
    follows: bool = False  # the reference may mean something else tomorrow: a tag, a branch
    locked: bool = False  # this is what the lock says, whatever upstream offers now
    offered: "Pinned | None" = None  # what upstream offers instead of what is locked; absent where it is the same
    unchecked: str = ""  # why upstream could not say what it offers instead; empty where it could
    question: str = ""  # `TYPE KEY`, as the lock names what was asked; the source itself leaves it empty

    @property
    def identity(self) -> tuple[str, ...]:
        """Return what tells one content from another: the hub manifest's digest, or those of the files."""
        if self.pull is not None:
            return (str(self.pull.manifest),)
        return tuple(str(blob.digest) for _, blob in self.files)

    @property
    def foretold(self) -> tuple[Digest, ...]:
        """Return the digests that a host may report for it; empty where none can be known."""
        return self.pull.foretold if self.pull is not None else ()


@dataclass(frozen=True, slots=True)
class Unpinned:
    """A reference that could not be pinned, and why; `retryable` tells trouble on the way from a wrong reference.

    Where the message is empty, nobody asked: another source of its chain is taken.
    """

    source: SourceRef
    message: str
    hint: str
    retryable: bool
    unlocked: bool = False  # it has to be in the lock, and is not
    locked: bool = False  # the lock holds it, and what it holds can't be used
    question: str = ""  # `TYPE KEY`, as the lock names what was asked


def content_of(overlay: Overlay, pinned: Pinned | None, adapter: Pinned | None, base: str | None) -> Facts:
    """Return everything that decides what the model will be, and nothing that does not (no repo, no path, no tag)."""
    content: dict[str, Fact] = {f"parameters.{name}": value for name, value in overlay.parameters}
    if pinned is not None and pinned.pull is not None:
        content["manifest"] = str(pinned.pull.manifest)
    elif pinned is not None:
        projectors = tuple(str(blob.digest) for _, blob in projectors_of(pinned.files))
        content["weights"] = pinned.identity[: len(pinned.files) - len(projectors)]
        if projectors:
            content["projectors"] = projectors
    if adapter is not None:
        content["adapters"] = tuple(str(blob.digest) for _, blob in adapter.files)
    if overlay.license:
        content["license"] = "\n".join(overlay.license)
    if overlay.messages:
        content["messages"] = overlay.messages
    given = {"base": base} | {name: getattr(overlay, name) for name in _TEXTS}
    content.update({path: value for path, value in given.items() if value is not None})
    return facts(content)


def steps_for(
    target: ModelName, overlay: Overlay, pinned: Pinned | None, adapter: Pinned | None, base: ModelName | None, key: str
) -> tuple[Step, ...]:
    """Return the requests that make `target`; `key` (a fingerprint) names the staging model."""
    if pinned is not None and pinned.pull is not None and adapter is None and overlay.empty:
        return _pull_as(target, pinned.pull)
    before: tuple[Step, ...] = ()
    after: tuple[Step, ...] = ()
    if pinned is not None and pinned.pull is not None:
        base = pinned.pull.name
        before, after = (pinned.pull,), (Delete(base, unless_there_before=True),)
    files = pinned.files if pinned is not None else ()
    adapters = adapter.files if adapter is not None else ()
    staging = staging_name(key)
    create = Create(
        name=staging,
        base=base,
        files=_digests(files),
        adapters=_digests(adapters),
        template=overlay.template,
        system=overlay.system,
        parameters=overlay.parameters,
        messages=overlay.messages,
        license=overlay.license,
        quantize=overlay.quantize,
        renderer=overlay.renderer,
        parser=overlay.parser,
    )
    uploads = tuple(Upload(blob) for _, blob in (*files, *adapters))
    return (*before, *uploads, create, Copy(staging, target), Delete(staging), *after)


def _pull_as(target: ModelName, pull: Pull) -> tuple[Step, ...]:
    """Pull in place; under another name, pull, copy and leave nothing behind that was not there before."""
    if pull.name == target:
        return (pull,)
    return (pull, Copy(pull.name, target), Delete(pull.name, unless_there_before=True))


def _digests(files: tuple[Named, ...]) -> tuple[tuple[str, Digest], ...]:
    return tuple((name, blob.digest) for name, blob in files)
