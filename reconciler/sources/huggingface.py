"""The source type `huggingface`: one GGUF of a repo, pinned to a commit and to the sha256 of its content.

Resolving asks the hub's API over our own transport, for the hub's client library takes longer to
import than a whole plan may take. What a commit holds never changes, so it is asked for once and cached:
a plan in which nothing moved costs one request a repo, and none where the revision is a commit.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote, urlsplit

from reconciler.core.digest import Digest
from reconciler.core.facts import Fact, Facts, facts
from reconciler.core.resolution import Pinned
from reconciler.core.resource import SourceRef
from reconciler.core.steps import Blob
from reconciler.errors import AccessDenied, NotFound, SourceUnavailable, TransportError, Unusable
from reconciler.ports import Progress, Source
from reconciler.sources import Context
from reconciler.sources._files_only import FilesOnly
from reconciler.sources._hugging_face_errors import TOKEN, refusal
from reconciler.sources._hugging_face_files import RepoFile, choose, human
from reconciler.transport import Reply

_HUB = "https://huggingface.co"
_COMMIT = re.compile(r"[0-9a-f]{40}")
_NEXT = re.compile(r'<([^>]*)>\s*;[^,]*rel="?next"?')
_MOST = 50 * 1000**3  # bytes; the hub gives larger files only in a protocol of its own (Xet)
_PAGES = 200  # of 1,000 files each; a hub that gives more gives them for ever
_MOST_FILES = 1000 * _PAGES
_MOST_BYTES = 1 << 63  # no disk has as many
_LONGEST_PATH = 1024  # characters
_REDIRECTS = 3  # a repo that was renamed answers from its new name


def source(context: Context) -> Source:
    """Return the source."""
    return HuggingFace(context)


class HuggingFace(FilesOnly):
    """Pins a repo, a revision and a choice of file; downloads through the hub's own client."""

    type = "huggingface"
    offline = False

    def __init__(self, context: Context) -> None:
        self._context = context
        self._endpoint = (context.environ.get("HF_ENDPOINT") or _HUB).rstrip("/")  # judged by `resolve`, before its use

    def key(self, ref: SourceRef) -> str:
        """Return repo, revision and choice of file."""
        options = _options(ref)
        choice = options.get("file") or options.get("quantization")
        return " ".join(part for part in (f"{options['repo']}@{options['revision']}", choice) if part)

    def resolve(self, ref: SourceRef) -> Pinned:
        """Return the file that is meant, at the commit that the revision names now; raises ResolutionError."""
        if "@" in self._endpoint:
            raise Unusable("HF_ENDPOINT must not carry a user or password", hint=f"give a token in {TOKEN}")
        options = _options(ref)
        commit, files = self._files(options["repo"], options["revision"])
        chosen = choose(options["repo"], files, options.get("file"), options.get("quantization"))
        return self._pinned(ref, commit, chosen)

    def restore(self, ref: SourceRef, pin: Facts) -> Pinned:
        """Return the file that was meant, at the commit in the lock; raises Unusable."""
        match dict(pin):
            case {"commit": str(commit), "file": str(file), "sha256": str(sha256), "size": int(size)}:
                return self._pinned(ref, commit, RepoFile(file, size, Digest.parse(sha256)))
            case _:
                raise Unusable(f"what is locked for {self.key(ref)} can't be read", hint="lock it anew")

    def _pinned(self, ref: SourceRef, commit: str, file: RepoFile) -> Pinned:
        options = _options(ref)
        digest = _checked(file, options.get("sha256"))
        locator = (("repo", options["repo"]), ("commit", commit), ("file", file.path))
        pinned = (*locator, ("revision", options["revision"]), ("sha256", digest.hex), ("size", file.size))
        return Pinned(
            reference=self.key(ref),
            provenance=facts(pinned),
            size=file.size,
            files=((file.path.rpartition("/")[2], Blob(digest, file.size, self.type, locator)),),
            pin=facts({"commit": commit, "file": file.path, "sha256": digest.hex, "size": file.size}),
            follows=not _COMMIT.fullmatch(options["revision"]),
        )

    def offers(self, blob: Blob) -> bool:
        """Tell whether the hub still has the commit and the file in it."""
        where = dict(blob.locator)
        try:
            _, files = self._files(where["repo"], where["commit"])
        except NotFound:
            return False
        return any(file.path == where["file"] and file.digest == blob.digest for file in files)

    def fetch(self, blob: Blob, progress: Progress) -> Path:
        """Return the file in the folder for downloads, verified when it was renamed to its digest."""
        kept = self._context.downloads / blob.digest.hex
        if kept.is_file() and kept.stat().st_size == blob.size:
            return kept
        from reconciler.sources._hugging_face import download

        return download(self._endpoint, self._token(), self._context.downloads, blob, progress)

    def release(self, blob: Blob) -> None:
        """Delete the download."""
        (self._context.downloads / blob.digest.hex).unlink(missing_ok=True)

    def _files(self, repo: str, revision: str) -> tuple[str, Sequence[RepoFile]]:
        """Return the commit and what it holds."""
        if _COMMIT.fullmatch(revision) and (known := self._cached(repo, revision)):
            return revision, known
        info = _object(self._get(repo, revision, f"/revision/{quote(revision, safe='')}"))
        commit = info.get("sha")
        if not isinstance(commit, str) or not _COMMIT.fullmatch(commit):
            raise SourceUnavailable(f"the hub names no commit for {repo}@{revision}")
        if known := self._cached(repo, commit):
            return commit, known
        if info.get("gated"):
            self._get(repo, revision, "/auth-check")  # listings are public where files are not: better to know now
        files = self._listed(repo, commit)
        self._context.cache.put(self._key(repo, commit), tuple(_kept(file) for file in files))
        return commit, files

    def _listed(self, repo: str, commit: str) -> tuple[RepoFile, ...]:
        files: list[RepoFile] = []
        query = "recursive=true"
        for _ in range(_PAGES):
            reply = self._get(repo, commit, f"/tree/{commit}?{query}")
            files += _page(reply)
            if len(files) > _MOST_FILES:
                break
            following = _NEXT.search(reply.headers.get("Link", ""))
            if following is None:
                return tuple(files)
            query = urlsplit(following[1]).query  # only this: a mirror's link may lead to another origin
        raise SourceUnavailable(f"the hub's listing of {repo} has no end")

    def _get(self, repo: str, revision: str, path: str) -> Reply:
        token = self._token()
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            url = f"{self._endpoint}/api/models/{quote(repo)}{path}"
            reply = self._context.http.request("GET", url, headers=headers, redirects=_REDIRECTS)
        except TransportError as error:
            raise SourceUnavailable(
                f"the hub did not answer: {error.message}", hint=error.hint, where=error.where
            ) from error
        if reply.status == 200 or (path == "/auth-check" and reply.status not in {401, 403}):  # mirrors may lack it
            return reply
        raise refusal(reply.status, reply.headers, f"{self._endpoint}/{repo}", revision, with_token=bool(token))

    def _token(self) -> str:
        token = self._context.environ.get(TOKEN, "").strip()
        if not token.isascii() or not token.isprintable() or " " in token:
            raise AccessDenied(f"{TOKEN} holds something that is not a token", hint="set it again, on one line")
        return token

    def _key(self, repo: str, commit: str) -> str:
        return f"tree {self._endpoint} {repo} {commit}"

    def _cached(self, repo: str, commit: str) -> tuple[RepoFile, ...]:
        kept = self._context.cache.get(self._key(repo, commit))
        try:
            return tuple(_restored(item) for item in kept) if isinstance(kept, tuple) else ()
        except ValueError:
            return ()


def _options(ref: SourceRef) -> dict[str, str]:
    return {"revision": "main", **{name: str(value) for name, value in ref.options if value is not None}}


def _object(reply: Reply) -> dict[str, object]:
    try:
        value = reply.json()
    except TransportError as error:
        raise SourceUnavailable("the hub's answer is not JSON", hint="check HF_ENDPOINT") from error
    return value if isinstance(value, dict) else {}


def _page(reply: Reply) -> list[RepoFile]:
    try:
        items = reply.json()
        if not isinstance(items, list):
            raise TypeError("not a list")
        return [_file(item) for item in items if item["type"] == "file" and _is_path(item["path"])]
    except (TransportError, TypeError, KeyError, ValueError) as error:
        raise SourceUnavailable("the hub's listing can't be read", hint="check HF_ENDPOINT") from error


def _is_path(path: object) -> bool:
    """Tell whether a git repo could hold a file of this path, and people could read it."""
    if not isinstance(path, str) or len(path) > _LONGEST_PATH or not path.isprintable():
        return False
    return not {"", ".", ".."} & set(path.split("/"))


def _file(item: dict[str, object]) -> RepoFile:
    lfs, size = item.get("lfs"), item["size"]
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size < _MOST_BYTES:
        raise TypeError("a size is no number of bytes")
    return RepoFile(str(item["path"]), size, Digest.parse(str(lfs["oid"])) if isinstance(lfs, dict) else None)


def _kept(file: RepoFile) -> Fact:
    return (file.path, file.size, file.digest.hex if file.digest else "")


def _restored(item: Fact) -> RepoFile:
    match item:
        case (str(path), int(size), str(digest)):
            return RepoFile(path, size, Digest.parse(digest) if digest else None)
        case _:
            raise ValueError("not what was kept")


def _checked(file: RepoFile, pin: str | None) -> Digest:
    """Return the file's digest; raises Unusable where there is none, or where the manifest pins another."""
    if file.digest is None:
        raise Unusable(
            f"{file.path} is kept in git itself, without a sha256 to pin",
            hint="GGUF files belong into LFS: choose another",
        )
    if file.size > _MOST:
        raise Unusable(
            f"{file.path} has {human(file.size)}, and the hub gives over {human(_MOST)} through Xet only",
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
