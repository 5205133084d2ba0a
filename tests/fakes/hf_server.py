"""A Hugging Face hub on loopback: the API and `resolve` on one origin, the content (the "CDN") on another.

It speaks what the hub's real client and we need, over real HTTP, and misbehaves on demand. Commits are
derived from their content, listings come in pages, and every request is on record.
"""

import threading
from collections.abc import Mapping
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

from tests.fakes.hf_handlers import CdnHandler, HubHandler
from tests.fakes.hf_repos import Repo, State, Stored
from tests.fakes.http_faults import Fault, Faults, Request

__all__ = ["Fault", "HubServer", "Request"]


class HubServer:
    """Two servers in threads of this process; `url` is the HF_ENDPOINT, `cdn_url` where the content comes from.

    What lies in `folder` as `<org>/<repo>/<branch>/<files>` is served from the start; without a folder it is empty.
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        page_size: int = 50,
        port: int = 0,
        content: type[CdnHandler] = CdnHandler,
    ) -> None:
        self._own = TemporaryDirectory() if folder is None else None
        folder = folder or Path(self._own.name if self._own else "")
        self.state = State(page_size=page_size, faults=Faults())
        self._objects = folder / ".objects"
        self._hub = ThreadingHTTPServer(("127.0.0.1", port), partial(HubHandler, self.state))
        self._cdn = ThreadingHTTPServer(("127.0.0.1", 0), partial(content, self.state))
        self.url, self.cdn_url = _address(self._hub), _address(self._cdn)
        self.state.cdn_url = self.cdn_url
        for branch in sorted(folder.glob("[!.]*/*/*/")):
            found = {str(file.relative_to(branch)): file for file in sorted(branch.rglob("*")) if file.is_file()}
            self.commit(f"{branch.parts[-3]}/{branch.parts[-2]}", found, branch.name)
        self._threads = [
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
            for server in (self._hub, self._cdn)
        ]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def requests(self) -> list[Request]:
        """Return every request so far, oldest first."""
        return self.state.faults.requests

    @property
    def sent(self) -> int:
        """Return the bytes of all files that were sent so far."""
        return self.state.faults.sent

    def commit(self, repo: str, files: Mapping[str, bytes | Path], branch: str = "main", *, lfs: bool = True) -> str:
        """Put these files, and no others, on a branch; returns the commit. With `lfs=False` all are kept in git."""
        stored = {path: self._stored(content, lfs=lfs) for path, content in files.items()}
        return self.state.repos.setdefault(repo, Repo(repo)).commit(stored, branch)

    def add(self, repo: str, files: Mapping[str, bytes | Path], branch: str = "main", *, lfs: bool = True) -> str:
        """Put these files beside what is on a branch; returns the commit."""
        found = self.state.repos[repo]
        there = found.commits[found.branches[branch]]
        stored = {path: self._stored(content, lfs=lfs) for path, content in files.items()}
        return found.commit({**there, **stored}, branch)

    def describe(self, repo: str, **about: object) -> None:
        """Have `model_info` and search say this about a repo: tags, downloads, gguf, safetensors, cardData, …"""
        self.state.repos[repo].about |= about

    def gate(self, repo: str, *tokens: str, page: str = "manual") -> None:
        """Show a repo to everybody and give its files only to these tokens."""
        self.state.repos[repo].gated, self.state.repos[repo].readers = page, frozenset(tokens)
        self.state.tokens |= set(tokens)

    def hide(self, repo: str, *tokens: str) -> None:
        """Make a repo private: to everybody but these tokens it is not there."""
        self.state.repos[repo].private, self.state.repos[repo].readers = True, frozenset(tokens)
        self.state.tokens |= set(tokens)

    def accept(self, *tokens: str) -> None:
        """Take these tokens as valid; any other is refused."""
        self.state.tokens |= set(tokens)

    def rename(self, old: str, new: str) -> None:
        """Give a repo another name; the old one redirects."""
        self.state.repos[new] = self.state.repos.pop(old)
        self.state.repos[new].name = new
        self.state.renamed[old] = new

    def fail(self, fault: Fault) -> Fault:
        """Have a fault happen to the requests that it fits, as often as it says."""
        return self.state.faults.add(fault)

    def close(self) -> None:
        """Stop; a request that is stalled is let go."""
        self.state.faults.released.set()
        for server, thread in zip((self._hub, self._cdn), self._threads, strict=True):
            server.shutdown()
            server.server_close()
            thread.join()
        if self._own is not None:
            self._own.cleanup()

    def _stored(self, content: bytes | Path, *, lfs: bool) -> Stored:
        if isinstance(content, Path):
            return Stored.of(content, lfs=lfs)
        made = Stored.digest_of_bytes(content)
        path = self._objects / made
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return Stored.of(path, lfs=lfs)


def _address(server: ThreadingHTTPServer) -> str:
    return f"http://127.0.0.1:{server.server_address[1]}"
