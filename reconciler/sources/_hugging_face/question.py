"""What a reference to a Hugging Face repo asks: its options, its choice of files, and what a lock may answer. Pure."""

from collections.abc import Sequence

from reconciler.core.digest import Digest
from reconciler.core.facts import Fact, Facts, facts
from reconciler.core.resource import SourceRef
from reconciler.errors import ResolutionError, Unusable
from reconciler.sources._files.listed import ListedFile, human, is_path
from reconciler.sources._files.pins import ANEW, parsed_file
from reconciler.sources._formats.gguf_judgement import KINDS
from reconciler.sources._hugging_face.api import COMMIT
from reconciler.sources._hugging_face.choice import LARGEST, NO_PROJECTOR, choose
from reconciler.sources._hugging_face.policy import Policy, fitting


def options_of(ref: SourceRef) -> dict[str, str]:
    """Return the options that are texts, with the revision that is meant where none is given."""
    return {"revision": "main", **{name: str(value) for name, value in ref.options if value is not None}}


def reference_of(ref: SourceRef) -> str:
    """Return how people name what is asked for; the same text means the same question."""
    options, policy = options_of(ref), _policy(ref)
    tensors = "safetensors" if options.get("format") == "safetensors" else ""
    choice = tensors or options.get("file") or options.get("quantization") or (str(policy) if policy else "")
    projector = f"mmproj {options['mmproj']}" if "mmproj" in options else ""
    return " ".join(filter(None, (f"{options['repo']}@{options['revision']}", choice, projector)))


def _policy(ref: SourceRef) -> Policy | None:
    """Return the policy that chooses the file, or None where the manifest names it."""
    given = dict(ref.options)
    prefer, largest = given.get("prefer", ()), given.get("maxSize")
    if not prefer and largest is None:
        return None
    names = tuple(str(name).upper() for name in prefer) if isinstance(prefer, tuple) else ()
    return Policy(names, largest if isinstance(largest, int) else None)


def chosen(ref: SourceRef, files: Sequence[ListedFile]) -> ListedFile:
    """Return the file that is meant; raises ResolutionError."""
    options, policy = options_of(ref), _policy(ref)
    if policy is not None:
        return fitting(options["repo"], files, policy)
    return choose(options["repo"], files, options.get("file"), options.get("quantization"))


def projector_wanted(ref: SourceRef) -> str | None:
    """Return the projector that is named, NO_PROJECTOR where none is to be taken, None where nothing is said."""
    return NO_PROJECTOR if ref.wanted == "adapter" else options_of(ref).get("mmproj")


def locked_header(ref: SourceRef, pin: Facts) -> Facts:
    """Return what the lock keeps of an adapter's header; raises Unusable where it keeps nothing that can be."""
    if ref.wanted != "adapter":
        return ()
    found = {path: str(value) for path, value in pin if path in {"architecture", "holds"}}
    architecture = found.get("architecture", "")
    if found.get("holds") not in KINDS or not architecture or not architecture.isprintable():
        raise Unusable("the adapter that is locked can't be read", hint=ANEW)
    return facts(found)


def locked_projector(ref: SourceRef, text: Fact) -> ListedFile | None:
    """Return the projector from the lock; raises Unusable where it is not what the reference means."""
    wanted = projector_wanted(ref)
    try:
        path, digest, size = parsed_file(text) if text is not None else (None, None, 0)
    except ValueError as error:
        raise Unusable("the projector that is locked can't be read", hint=ANEW) from error
    if path != wanted and wanted is not None and not (wanted == NO_PROJECTOR and path is None):
        raise Unusable(f"what is locked has not the projector {wanted}", hint=ANEW)
    return ListedFile(path, size, digest) if path is not None and is_path(path) else None


def check_commit(ref: SourceRef, commit: str) -> None:
    """Raise Unusable for a commit in a lock that the reference can't mean."""
    options = options_of(ref)
    revision = options["revision"]
    if not COMMIT.fullmatch(commit) or (COMMIT.fullmatch(revision) and revision != commit):
        raise Unusable(f"what is locked for {options['repo']}@{revision} is at no commit of it", hint=ANEW)


def meant(ref: SourceRef, files: Sequence[ListedFile]) -> ListedFile:
    """Return the file from the lock, or its parts; raises Unusable where the reference can't mean it."""
    try:
        if not all(is_path(file.path) for file in files):
            raise Unusable("its path is none")
        return chosen(ref, files)
    except ResolutionError as error:
        raise Unusable(f"what is locked is not what is meant: {error.message}", hint=ANEW) from error


def checked(file: ListedFile, pin: str | None) -> Digest:
    """Return the file's digest; raises Unusable where there is none, or where the manifest pins another."""
    for part in file.parts:
        checked(part, None)
    if file.digest is None:
        raise Unusable(
            f"{file.path} is kept in git itself, without a sha256 to pin",
            hint="GGUF files belong into LFS: choose another",
        )
    if file.parts and pin is not None:
        raise Unusable(
            f"sha256 pins one file, and {file.whole_path} has {len(file.parts)} parts",
            hint="pin them all with a commit under `revision:`, or with `reconciler lock`",
        )
    if file.size > LARGEST and not file.parts:
        raise Unusable(
            f"{file.path} has {human(file.size)}, and the hub gives over {human(LARGEST)} through Xet only",
            hint="choose a smaller quantisation, or have the hosts pull it: `ollama: hf.co/<repo>:<quantization>`",
        )
    try:
        wanted = Digest.parse(pin) if pin is not None else file.digest
    except ValueError as error:
        raise Unusable(f"sha256 {pin!r} can't be used: {error}") from error
    if wanted != file.digest:
        raise Unusable(
            f"{file.path} is {file.digest.hex}, and the manifest pins {wanted.hex}",
            hint="the file was replaced upstream: pin a revision that still has it, or correct `sha256:`",
        )
    return file.digest
