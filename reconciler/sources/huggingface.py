"""The source type `huggingface`: one GGUF of a repo, pinned to a commit and to the sha256 of its content.

A plan in which nothing moved costs one request a repo, and none where the revision is a commit.
"""

from pathlib import Path

from reconciler.core.digest import Digest
from reconciler.core.facts import Facts, facts
from reconciler.core.resolution import Pinned
from reconciler.core.resource import SourceRef
from reconciler.core.steps import Blob
from reconciler.errors import NotFound, ResolutionError, Unusable
from reconciler.ports import Progress, Source
from reconciler.sources import Context
from reconciler.sources._files_only import FilesOnly, pinned_file
from reconciler.sources._hugging_face_api import COMMIT, HubApi, is_path
from reconciler.sources._hugging_face_files import LARGEST, RepoFile, choose, human


def source(context: Context) -> Source:
    """Return the source."""
    return HuggingFace(context)


class HuggingFace(FilesOnly):
    """Pins a repo, a revision and a choice of file; downloads through the hub's own client."""

    type = "huggingface"
    offline = False

    def __init__(self, context: Context) -> None:
        self._api, self._downloads = HubApi(context), context.downloads

    def key(self, ref: SourceRef) -> str:
        """Return repo, revision and choice of file."""
        options = _options(ref)
        choice = options.get("file") or options.get("quantization")
        return " ".join(part for part in (f"{options['repo']}@{options['revision']}", choice) if part)

    def resolve(self, ref: SourceRef) -> Pinned:
        """Return the file that is meant, at the commit that the revision names now; raises ResolutionError."""
        options = _options(ref)
        commit, files = self._api.files(options["repo"], options["revision"])
        chosen = choose(options["repo"], files, options.get("file"), options.get("quantization"))
        return self._pinned(ref, commit, chosen)

    def restore(self, ref: SourceRef, pin: Facts) -> Pinned:
        """Return the file that was meant, at the commit in the lock; raises Unusable."""
        content, about = pinned_file(pin), dict(pin)
        commit, file = about.get("commit"), about.get("file")
        if content is not None and isinstance(commit, str) and isinstance(file, str):
            digest, size = content
            pinned = self._pinned(ref, commit, _meant(ref, commit, RepoFile(file, size, digest)))
            if pinned.pin == pin:
                return pinned
        raise Unusable(f"what is locked for {self.key(ref)} can't be read", hint="lock it anew")

    def _pinned(self, ref: SourceRef, commit: str, file: RepoFile) -> Pinned:
        options = _options(ref)
        digest = _checked(file, options.get("sha256"))
        locator = (("repo", options["repo"]), ("commit", commit), ("file", file.path))
        content = (("commit", commit), ("file", file.path), ("sha256", digest.hex), ("size", file.size))
        return Pinned(
            reference=self.key(ref),
            provenance=facts((*content, ("repo", options["repo"]), ("revision", options["revision"]))),
            size=file.size,
            files=((file.path.rpartition("/")[2], Blob(digest, file.size, self.type, locator)),),
            pin=facts(content),
            follows=not COMMIT.fullmatch(options["revision"]) and "sha256" not in options,
        )

    def offers(self, blob: Blob) -> bool:
        """Tell whether the hub still has the commit, which it is asked, and the file in it."""
        where = dict(blob.locator)
        if self._downloaded(blob) is not None:
            return True
        try:
            _, files = self._api.asked(where["repo"], where["commit"])
        except NotFound:
            return False
        return any(file.path == where["file"] and file.digest == blob.digest for file in files)

    def fetch(self, blob: Blob, progress: Progress) -> Path:
        """Return the file in the folder for downloads, verified when it was renamed to its digest."""
        kept = self._downloaded(blob)
        if kept is not None:
            return kept
        from reconciler.sources._hugging_face import download

        return download(self._api.endpoint(), self._api.token(), self._downloads, blob, progress)

    def release(self, blob: Blob) -> None:
        """Delete the download."""
        (self._downloads / blob.digest.hex).unlink(missing_ok=True)

    def _downloaded(self, blob: Blob) -> Path | None:
        kept = self._downloads / blob.digest.hex
        return kept if kept.is_file() and kept.stat().st_size == blob.size else None


def _options(ref: SourceRef) -> dict[str, str]:
    return {"revision": "main", **{name: str(value) for name, value in ref.options if value is not None}}


def _meant(ref: SourceRef, commit: str, file: RepoFile) -> RepoFile:
    """Return a file from the lock; raises Unusable where the reference can't mean that file at that commit."""
    options = _options(ref)
    revision = options["revision"]
    fits = COMMIT.fullmatch(commit) and (revision == commit or not COMMIT.fullmatch(revision))
    if not fits or not is_path(file.path):
        raise Unusable(f"what is locked for {options['repo']}@{revision} is at no commit of it", hint="lock it anew")
    try:
        return choose(options["repo"], [file], options.get("file"), options.get("quantization"))
    except ResolutionError as error:
        raise Unusable(f"what is locked is not what is meant: {error.message}", hint="lock it anew") from error


def _checked(file: RepoFile, pin: str | None) -> Digest:
    """Return the file's digest; raises Unusable where there is none, or where the manifest pins another."""
    if file.digest is None:
        raise Unusable(
            f"{file.path} is kept in git itself, without a sha256 to pin",
            hint="GGUF files belong into LFS: choose another",
        )
    if file.size > LARGEST:
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
