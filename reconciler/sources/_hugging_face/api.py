"""The API of a Hugging Face hub: which commit a revision names, and which files it holds.

It is asked over our own transport, for the hub's client library takes longer to import than a whole plan may take.
What a commit holds never changes, so it is asked for once and cached.
"""

import re
from collections.abc import Sequence
from urllib.parse import quote, urlsplit

from reconciler.core.digest import Digest
from reconciler.core.facts import Fact
from reconciler.errors import AccessDenied, SourceUnavailable, TransportError, Unusable
from reconciler.sources import Context
from reconciler.sources._files.listed import ListedFile, is_path
from reconciler.sources._files.pins import is_size
from reconciler.sources._files.remote_file import RemoteFile, part
from reconciler.sources._files.silence import answering
from reconciler.sources._hugging_face.errors import TOKEN, refusal
from reconciler.transport import Http, Reply, origin

COMMIT = re.compile(r"[0-9a-f]{40}")
_HUB = "https://huggingface.co"
_NEXT = re.compile(r'<([^>]*)>\s*;[^,]*rel="?next"?')
_PAGES = 200  # of 1,000 files each; a hub that gives more gives them for ever
_MOST_FILES = 1000 * _PAGES
_PATIENCE = "HF_HUB_DOWNLOAD_TIMEOUT"
_REDIRECTS = 3  # a repo that was renamed answers from its new name


class HubApi:
    """One hub, at `HF_ENDPOINT` or where everybody looks for it."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._endpoint = (context.environ.get("HF_ENDPOINT") or _HUB).rstrip("/")  # judged before its use

    def files(self, repo: str, revision: str) -> tuple[str, Sequence[ListedFile]]:
        """Return the commit that a revision names, and what it holds; a commit that was read is not asked for again."""
        if COMMIT.fullmatch(revision) and (known := self._cached(repo, revision)):
            return revision, known
        return self.asked(repo, revision)

    def asked(self, repo: str, revision: str) -> tuple[str, Sequence[ListedFile]]:
        """Return the commit that the hub says a revision names now, and what it holds, which is read but once."""
        commit, info = self.about(repo, revision)
        if known := self._cached(repo, commit):
            return commit, known
        if info.get("gated"):
            self.admit(repo)  # listings are public where files are not: better to know now
        files = self.listed(repo, commit)
        self._context.cache.put(self._key(repo, commit), tuple(_kept(file) for file in files))
        return commit, files

    def about(self, repo: str, revision: str) -> tuple[str, dict[str, object]]:
        """Return the commit that a revision names now, and what else the hub says about the repo."""
        info = _object(self._get(repo, revision, f"/revision/{quote(revision, safe='')}"))
        commit = info.get("sha")
        if not isinstance(commit, str) or not COMMIT.fullmatch(commit):
            raise SourceUnavailable(f"the hub names no commit for {repo}@{revision}")
        return commit, info

    def admit(self, repo: str) -> None:
        """Raise AccessDenied where the files of a gated repo are not for us."""
        self._get(repo, "", "/auth-check")

    def listed(self, repo: str, commit: str) -> tuple[ListedFile, ...]:
        """Return what a commit holds, asked for anew, whether or not its files may be read."""
        files: list[ListedFile] = []
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

    @property
    def patience(self) -> float:
        """Return the seconds without a byte after which a download is given up, as the hub's own client has it."""
        said = self._context.environ.get(_PATIENCE, "")
        return float(said) if said.isascii() and said.isdecimal() and int(said) else self._context.http.stall

    @property
    def http(self) -> Http:
        """Return what the hub is asked through."""
        return self._context.http

    def opened(self, repo: str, commit: str, file: ListedFile) -> RemoteFile:
        """Return a file of a repo to read in, which raises ResolutionError; the token goes to the hub alone."""
        return RemoteFile(lambda start, count: self._part(repo, commit, file, start, count), file.size)

    def _part(self, repo: str, commit: str, file: ListedFile, start: int, count: int) -> bytes:
        url = f"{self.endpoint()}/{repo}/resolve/{commit}/{quote(file.path)}"
        headers = {**self.headers(), "Range": f"bytes={start}-{start + count - 1}"}
        with answering(), self._context.http.stream("GET", url, headers=headers, redirects=_REDIRECTS) as answer:
            if answer.status in {200, 206}:
                return part(answer, start, count)
            if origin(answer.origin) != origin(self._endpoint):
                raise SourceUnavailable(f"the hub's storage answered with {answer.status}", hint="try again later")
            page, token = f"{self._endpoint}/{repo}", bool(self.token())
            raise refusal(answer.status, answer.headers, page, commit, with_token=token)

    def _get(self, repo: str, revision: str, path: str) -> Reply:
        headers = self.headers()
        with answering():
            url = f"{self.endpoint()}/api/models/{quote(repo)}{path}"
            reply = self._context.http.request("GET", url, headers=headers, redirects=_REDIRECTS)
        if reply.status == 200 or (path == "/auth-check" and reply.status not in {401, 403}):  # mirrors may lack it
            return reply
        raise refusal(reply.status, reply.headers, f"{self._endpoint}/{repo}", revision, with_token=bool(headers))

    @property
    def address(self) -> str:
        """Return the address of the hub as it was given, to name it by its origin."""
        return self._endpoint

    def endpoint(self) -> str:
        """Return the address of the hub; raises Unusable for one that would give a password away."""
        if "@" in self._endpoint:
            raise Unusable("HF_ENDPOINT must not carry a user or password", hint=f"give a token in {TOKEN}")
        if not self._endpoint.startswith(("https://", "http://")):
            raise SourceUnavailable("HF_ENDPOINT is no address", hint="it begins with https:// or http://")
        return self._endpoint

    def token(self) -> str:
        """Return the token for the hub, empty where there is none; raises AccessDenied for what can't be one."""
        token = self._context.environ.get(TOKEN, "").strip()
        if not token.isascii() or not token.isprintable() or " " in token:
            raise AccessDenied(f"{TOKEN} holds something that is not a token", hint="set it again, on one line")
        return token

    def headers(self) -> dict[str, str]:
        """Return what lets us in at the hub, and is for nobody else; raises AccessDenied."""
        token = self.token()
        return {"Authorization": f"Bearer {token}"} if token else {}

    def _key(self, repo: str, commit: str) -> str:
        return f"tree {self._endpoint} {repo} {commit}"

    def _cached(self, repo: str, commit: str) -> tuple[ListedFile, ...]:
        kept = self._context.cache.get(self._key(repo, commit))
        try:
            return tuple(_restored(item) for item in kept) if isinstance(kept, tuple) else ()
        except ValueError:
            return ()


def _object(reply: Reply) -> dict[str, object]:
    try:
        value = reply.json()
    except TransportError as error:
        raise SourceUnavailable("the hub's answer is not JSON", hint="check HF_ENDPOINT") from error
    return value if isinstance(value, dict) else {}


def _page(reply: Reply) -> list[ListedFile]:
    try:
        items = reply.json()
        if not isinstance(items, list):
            raise TypeError("not a list")
        return [_file(item) for item in items if item["type"] == "file" and is_path(item["path"])]
    except (TransportError, TypeError, KeyError, ValueError) as error:
        raise SourceUnavailable("the hub's listing can't be read", hint="check HF_ENDPOINT") from error


def _file(item: dict[str, object]) -> ListedFile:
    lfs, size = item.get("lfs"), item["size"]
    if not isinstance(size, int) or not is_size(size):
        raise TypeError("a size is no number of bytes")
    return ListedFile(str(item["path"]), size, Digest.parse(str(lfs["oid"])) if isinstance(lfs, dict) else None)


def _kept(file: ListedFile) -> Fact:
    return (file.path, file.size, file.digest.hex if file.digest else "")


def _restored(item: Fact) -> ListedFile:
    match item:
        case (str(path), int(size), str(digest)):
            return ListedFile(path, size, Digest.parse(digest) if digest else None)
        case _:
            raise ValueError("not what was kept")
