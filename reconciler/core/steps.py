"""Steps: what a host can be asked to do, one dataclass per request.

A plan shows steps and apply runs those very steps. A build goes to a staging name
first and is copied over the real one, so that a failure leaves the old model as it was.
"""

import re
from collections.abc import Mapping
from dataclasses import field, replace
from typing import TypeVar, assert_never

from reconciler.core.digest import Digest
from reconciler.core.facts import Facts
from reconciler.core.frozen import dataclass
from reconciler.core.names import DEFAULT_HUB, DEFAULT_TAG, ModelName

MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"  # of the hub manifests that hosts pull
STAGING_NAMESPACE = "reconciler-staging"
_FIRST_PART = re.compile(r"-00001-of-(\d{5})\.gguf$")  # of a split GGUF: the name that every tool knows it by


@dataclass(frozen=True, slots=True)
class Blob:
    """Content that a host may need, and where we would get it from if it does."""

    digest: Digest
    size: int  # bytes
    source: str  # the source type whose `fetch` can bring it
    locator: tuple[tuple[str, str], ...]  # how that source finds it again, no secret; empty if nobody can bring it
    parts: tuple["Blob", ...] = ()  # the files of a split GGUF, in order; `digest` then stands for all of them together
    merged: Digest | None = field(default=None, compare=False, repr=False)  # of the one file that the parts make;
    # absent where nobody has merged them yet. No part of a plan: it says nothing that the parts do not

    @property
    def held_as(self) -> Digest:
        """Return the digest under which hosts hold it, as far as that is known: that of parts is no file's."""
        return self.merged or self.digest


@dataclass(frozen=True, slots=True)
class Pull:
    """Ask the host to pull `name` from its hub."""

    name: ModelName
    insecure: bool  # plain http to the hub
    manifest: Digest  # what the tag meant when the plan was made
    layers: tuple[tuple[Digest, int], ...]  # every blob of it, with its size in bytes
    foretold: tuple[Digest, ...] = ()  # the digests under which a host may list it; empty where none can be known
    parts: tuple[tuple[str, Digest], ...] = ()  # what each layer is: model, template, system, params, license, …
    body: bytes = field(default=b"", repr=False)  # the hub manifest itself, whose sha256 is `manifest`


@dataclass(frozen=True, slots=True)
class Install:
    """Have the host pull exactly this hub manifest, from us, and give it `name`; its layers are on the host already."""

    name: ModelName
    pull: Pull  # whose body is served; nothing is asked of its hub


@dataclass(frozen=True, slots=True)
class Upload:
    """Bring a blob onto the host, unless it is there."""

    blob: Blob


@dataclass(frozen=True, slots=True)
class Create:
    """Ask the host to make `name` from a base or from files; what is None or empty is not sent."""

    name: ModelName
    base: ModelName | None = None
    files: tuple[tuple[str, Digest], ...] = ()
    adapters: tuple[tuple[str, Digest], ...] = ()
    template: str | None = None
    system: str | None = None
    parameters: Facts = ()
    messages: tuple[tuple[str, str], ...] = ()  # (role, content)
    license: tuple[str, ...] = ()
    quantize: str | None = None
    renderer: str | None = None
    parser: str | None = None


@dataclass(frozen=True, slots=True)
class Copy:
    """Ask the host to give what `source` names the name `target` as well, over whatever had it."""

    source: ModelName
    target: ModelName


@dataclass(frozen=True, slots=True)
class Delete:
    """Ask the host to delete `name`."""

    name: ModelName
    unless_there_before: bool = False  # keep it if the host had it before this change began


Content = TypeVar("Content")
Step = Pull | Install | Upload | Create | Copy | Delete


def projectors_of(files: tuple[tuple[str, Content], ...]) -> tuple[tuple[str, Content], ...]:
    """Return the projectors among a model's named files: of GGUFs all behind the model, of what hosts convert none."""
    return files[len(parts_among(files)) or 1 :] if _all_gguf(files) else ()


def parts_among(files: tuple[tuple[str, Content], ...]) -> tuple[tuple[str, Content], ...]:
    """Return those among a model's named files that are the parts of a split GGUF; none for one that is whole."""
    split = _FIRST_PART.search(files[0][0]) if files else None
    return files[: int(split[1])] if split else ()


def converted(files: tuple[tuple[str, Content], ...]) -> bool:
    """Tell whether hosts make these named files into a GGUF, whose digest nobody can foretell; one file is a GGUF."""
    return len(files) > 1 and not _all_gguf(files)


def _all_gguf(files: tuple[tuple[str, Content], ...]) -> bool:
    return all(name.endswith(".gguf") for name, _ in files)


def part_name(name: str, number: int, count: int) -> str:
    """Return how one of so many parts of a GGUF of this name is called; the first has the number 1."""
    return f"{name.removesuffix('.gguf')}-{number:05}-of-{count:05}.gguf"


def staging_name(fingerprint: str) -> ModelName:
    """Return the name under which content with this fingerprint is built before it is copied over the real one."""
    return ModelName(hub=DEFAULT_HUB, namespace=STAGING_NAMESPACE, model=fingerprint[:24], tag=DEFAULT_TAG)


def is_staging(name: ModelName) -> bool:
    """Tell whether a name on a host is one of our staging names."""
    return name.namespace.lower() == STAGING_NAMESPACE


def pull_of(steps: tuple[Step, ...]) -> Pull | None:
    """Return what is pulled from a hub in these steps, by whatever route; None where nothing is."""
    for step in steps:
        match step:
            case Pull():
                return step
            case Install(pull=pull):
                return pull
            case _:
                pass
    return None


def create_of(steps: tuple[Step, ...]) -> Create | None:
    """Return what is made from a base or from files in these steps; None where nothing is."""
    return next((step for step in steps if isinstance(step, Create)), None)


def uploads_of(steps: tuple[Step, ...]) -> tuple[Blob, ...]:
    """Return what is brought onto the host in these steps, in order."""
    return tuple(step.blob for step in steps if isinstance(step, Upload))


def with_digests(step: Create, merged: Mapping[Digest, Digest]) -> Create:
    """Return a creation from what parts were `merged` into: a plan names that by what stands for the parts."""
    return replace(step, files=tuple((name, merged.get(digest, digest)) for name, digest in step.files))


def written_names(steps: tuple[Step, ...]) -> frozenset[ModelName]:
    """Return every name that these steps write or delete on the host."""
    names: set[ModelName] = set()
    for step in steps:
        match step:
            case Pull(name=name) | Install(name=name) | Create(name=name) | Delete(name=name) | Copy(target=name):
                names.add(name)
            case Upload():
                pass
            case _:
                assert_never(step)
    return frozenset(names)


def needed_blobs(steps: tuple[Step, ...]) -> dict[Digest, int]:
    """Return the blobs that a host must hold for these steps, with their sizes in bytes."""
    needed: dict[Digest, int] = {}
    for step in steps:
        match step:
            case Pull(layers=layers) | Install(pull=Pull(layers=layers)):
                needed.update(layers)
            case Upload(blob=blob):
                needed[blob.held_as] = blob.size
            case Create() | Copy() | Delete():
                pass
            case _:
                assert_never(step)
    return needed
