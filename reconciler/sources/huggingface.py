"""The source type `huggingface`: a GGUF of a repo and its projector, pinned to a commit and to their sha256.

A plan in which nothing moved costs one request a repo, and none where the revision is a commit.
"""

from pathlib import Path

from reconciler.core.digest import Digest
from reconciler.core.facts import Fact, Facts, facts
from reconciler.core.resolution import Pinned
from reconciler.core.resource import SourceRef
from reconciler.core.steps import Blob
from reconciler.errors import NotFound, ResolutionError, Unusable
from reconciler.ports import Progress, Source
from reconciler.sources import Context
from reconciler.sources._files_only import FilesOnly, file_text, gguf_name, parsed_file, pinned_file
from reconciler.sources._gguf_header import header_of, read_header
from reconciler.sources._gguf_judgement import KINDS, refuse, refuse_other
from reconciler.sources._hugging_face_api import COMMIT, HubApi, is_path
from reconciler.sources._hugging_face_files import LARGEST, NO_PROJECTOR, RepoFile, choose, human, paired

_ANEW = "lock it anew"


def source(context: Context) -> Source:
    """Return the source."""
    return HuggingFace(context)


class HuggingFace(FilesOnly):
    """Pins a repo, a revision and a choice of file; downloads through the hub's own client."""

    type = "huggingface"
    offline = False

    def __init__(self, context: Context) -> None:
        self._api, self._downloads, self._cache = HubApi(context), context.downloads, context.cache

    def key(self, ref: SourceRef) -> str:
        """Return repo, revision and choice of files; and for an adapter, which has no projector, that it is one."""
        return self._reference(ref) + (" as adapter" if ref.wanted == "adapter" else "")

    def _reference(self, ref: SourceRef) -> str:
        options = _options(ref)
        choice = options.get("file") or options.get("quantization")
        projector = f"mmproj {options['mmproj']}" if "mmproj" in options else ""
        return " ".join(filter(None, (f"{options['repo']}@{options['revision']}", choice, projector)))

    def resolve(self, ref: SourceRef) -> Pinned:
        """Return the files that are meant, at the commit that the revision names now; raises ResolutionError."""
        options = _options(ref)
        repo = options["repo"]
        commit, files = self._api.files(repo, options["revision"])
        chosen = choose(repo, files, options.get("file"), options.get("quantization"))
        told = self._told(repo, commit, chosen) if ref.wanted == "adapter" else ()
        return self._pinned(ref, commit, chosen, paired(repo, files, chosen, _projector_wanted(ref)), told)

    def _told(self, repo: str, commit: str, file: RepoFile) -> Facts:
        """Return what the header says of an adapter, which would spoil a model on another architecture."""
        key = f"gguf header {_checked(file, None)}"
        match self._cache.get(key):
            case (str(kind), str(architecture)):
                pass
            case _:
                header = header_of(self._api.opened(repo, commit, file), file.size, file.path)
                refuse(header, file.path)
                kind, architecture = header.kind, header.architecture
                self._cache.put(key, (kind, architecture))
        return (("architecture", architecture), ("holds", kind))

    def restore(self, ref: SourceRef, pin: Facts) -> Pinned:
        """Return the files that were meant, at the commit in the lock; raises Unusable."""
        content, about = pinned_file(pin), dict(pin)
        commit, file = about.get("commit"), about.get("file")
        if content is not None and isinstance(commit, str) and isinstance(file, str):
            digest, size = content
            model, told = _meant(ref, commit, RepoFile(file, size, digest)), _locked_header(ref, pin)
            pinned = self._pinned(ref, commit, model, _locked_projector(ref, about.get("mmproj")), told)
            if pinned.pin == pin:
                return pinned
        raise Unusable(f"what is locked for {self.key(ref)} can't be read", hint=_ANEW)

    def _pinned(self, ref: SourceRef, commit: str, model: RepoFile, projector: RepoFile | None, told: Facts) -> Pinned:
        options = _options(ref)
        repo, pin = options["repo"], options.get("sha256")
        weights = self._blob(model, _checked(model, pin), repo, commit)
        content: dict[str, Fact] = {**dict(told), "commit": commit, "file": model.path, "sha256": weights.digest.hex}
        content["size"] = weights.size
        files, beside = [(gguf_name(model.path), weights)], dict[str, Fact]()
        if projector is not None:
            blob = self._blob(projector, _checked(projector, None), repo, commit, holds="projector")
            files.append((gguf_name(projector.path), blob))
            content["mmproj"] = file_text(projector.path, blob)
            beside = {"mmproj": projector.path, "mmproj_sha256": blob.digest.hex}
        return Pinned(
            reference=self._reference(ref),
            provenance=facts({**content, **beside, "repo": repo, "revision": options["revision"]}),
            size=sum(blob.size for _, blob in files),
            files=tuple(files),
            holds=str(content.get("holds", "")),
            pin=facts(content),
            follows=not COMMIT.fullmatch(options["revision"]) and (pin is None or projector is not None),
        )

    def _blob(self, file: RepoFile, digest: Digest, repo: str, commit: str, **more: str) -> Blob:
        locator = (("repo", repo), ("commit", commit), ("file", file.path), *more.items())
        return Blob(digest, file.size, self.type, locator)

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
        found = self._downloaded(blob) or self._download(blob, progress)
        if dict(blob.locator).get("holds") == "projector":
            refuse_other(read_header(found), dict(blob.locator)["file"])
        return found

    def _download(self, blob: Blob, progress: Progress) -> Path:
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


def _projector_wanted(ref: SourceRef) -> str | None:
    return NO_PROJECTOR if ref.wanted == "adapter" else _options(ref).get("mmproj")


def _locked_header(ref: SourceRef, pin: Facts) -> Facts:
    """Return what the lock keeps of an adapter's header; raises Unusable where it keeps nothing that can be."""
    if ref.wanted != "adapter":
        return ()
    found = {path: str(value) for path, value in pin if path in {"architecture", "holds"}}
    architecture = found.get("architecture", "")
    if found.get("holds") not in KINDS or not architecture or not architecture.isprintable():
        raise Unusable("the adapter that is locked can't be read", hint=_ANEW)
    return facts(found)


def _locked_projector(ref: SourceRef, text: Fact) -> RepoFile | None:
    """Return the projector from the lock; raises Unusable where it is not what the reference means."""
    wanted = _projector_wanted(ref)
    try:
        path, digest, size = parsed_file(text) if text is not None else (None, None, 0)
    except ValueError as error:
        raise Unusable("the projector that is locked can't be read", hint=_ANEW) from error
    if path != wanted and wanted is not None and not (wanted == NO_PROJECTOR and path is None):
        raise Unusable(f"what is locked has not the projector {wanted}", hint=_ANEW)
    return RepoFile(path, size, digest) if path is not None and is_path(path) else None


def _meant(ref: SourceRef, commit: str, file: RepoFile) -> RepoFile:
    """Return a file from the lock; raises Unusable where the reference can't mean that file at that commit."""
    options = _options(ref)
    revision = options["revision"]
    fits = COMMIT.fullmatch(commit) and (revision == commit or not COMMIT.fullmatch(revision))
    if not fits or not is_path(file.path):
        raise Unusable(f"what is locked for {options['repo']}@{revision} is at no commit of it", hint=_ANEW)
    try:
        return choose(options["repo"], [file], options.get("file"), options.get("quantization"))
    except ResolutionError as error:
        raise Unusable(f"what is locked is not what is meant: {error.message}", hint=_ANEW) from error


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
