"""What the fake hub holds: repos, their commits, and content named by its sha256."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.fakes.http_faults import Faults

_BLOCK = 1 << 20  # bytes


@dataclass(frozen=True)
class Stored:
    """One file's content."""

    path: Path
    size: int
    sha256: str
    lfs: bool

    @classmethod
    def of(cls, path: Path, *, lfs: bool) -> "Stored":
        """Return the file as it is now."""
        sha256 = hashlib.sha256()
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                sha256.update(block)
        return cls(path, path.stat().st_size, sha256.hexdigest(), lfs)

    @staticmethod
    def digest_of_bytes(content: bytes) -> str:
        """Return the sha256 in hexadecimal."""
        return hashlib.sha256(content).hexdigest()

    @property
    def oid(self) -> str:
        """Return a name of 40 digits, as git has for what it keeps."""
        return hashlib.sha1(self.sha256.encode(), usedforsecurity=False).hexdigest()

    def entry(self, path: str) -> dict[str, object]:
        """Return the file's line in a listing."""
        line: dict[str, object] = {"type": "file", "path": path, "oid": self.oid, "size": self.size}
        if self.lfs:
            line["lfs"] = {"oid": self.sha256, "size": self.size, "pointerSize": 134}
        return line


@dataclass
class Repo:
    """A repo with everything that was ever committed to it."""

    name: str
    commits: dict[str, Mapping[str, Stored]] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    gated: str = ""  # auto or manual; empty for a repo that is open
    private: bool = False
    readers: frozenset[str] = frozenset()  # tokens
    about: dict[str, object] = field(default_factory=dict)  # what the hub says beside or instead of the usual

    def commit(self, files: Mapping[str, Stored], branch: str) -> str:
        """Put these files on a branch; the same files are the same commit."""
        content = "\n".join(f"{path} {files[path].sha256}" for path in sorted(files))
        sha = hashlib.sha1(content.encode(), usedforsecurity=False).hexdigest()
        self.commits[sha], self.branches[branch] = files, sha
        return sha

    def find(self, revision: str) -> str | None:
        """Return the commit of a branch, or of a commit itself."""
        return self.branches.get(revision) or (revision if revision in self.commits else None)

    def info(self, commit: str) -> dict[str, object]:
        """Return what `model_info` says."""
        files = self.commits[commit]
        return {
            "id": self.name,
            "modelId": self.name,
            "sha": commit,
            "private": self.private,
            "gated": self.gated or False,
            "tags": ["gguf"] if any(path.endswith(".gguf") for path in files) else ["safetensors"],
            "siblings": [{"rfilename": path} for path in sorted(files)],
            "downloads": 0,
            **self.about,
        }


@dataclass
class State:
    """All that the two servers share."""

    page_size: int
    faults: Faults
    cdn_url: str = ""
    repos: dict[str, Repo] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)

    def content(self, sha256: str) -> Stored | None:
        """Return the content of this name, whichever repo has it."""
        files = (file for repo in self.repos.values() for files in repo.commits.values() for file in files.values())
        return next((file for file in files if file.sha256 == sha256), None)
