"""The two origins of the fake Hugging Face hub: what each path answers."""

import re
from typing import ClassVar
from urllib.parse import parse_qs, quote, unquote, urlsplit

from tests.fakes.hf_repos import Repo, State, Stored
from tests.fakes.http_faults import FaultyHandler

_MODELS = re.compile(r"/api/models/([^/]+/[^/]+)(?:/(revision|tree|auth-check)(?:/([^/]+))?)?")
_RESOLVE = re.compile(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)")


class _Handler(FaultyHandler):
    def __init__(self, state: State, *args: object) -> None:
        self.state, self.faults = state, state.faults
        super().__init__(*args)  # type: ignore[arg-type]  # what the server gives

    @property
    def token(self) -> str:
        return self.headers.get("Authorization", "").removeprefix("Bearer ")

    def refuse(self, status: int, code: str = "", message: str = "") -> None:
        headers = {"X-Error-Code": code, "X-Error-Message": message}
        self.send(status, b"", {name: value for name, value in headers.items() if value})


class HubHandler(_Handler):
    """The API, and `resolve`, which names the CDN for everything in LFS."""

    server_name = "hub"
    _not_found: ClassVar[str] = "Repository not found"

    def respond(self) -> None:
        """Answer one path."""
        path = urlsplit(self.path).path
        if self.token and self.token not in self.state.tokens:
            self.refuse(401, message="Invalid credentials in Authorization header")
        elif path == "/api/models":
            self._search()
        elif path == "/api/whoami-v2":
            self.send_json({"name": "somebody"}) if self.token else self.refuse(401)
        elif path == "/api/agent-harnesses":
            self.send_json({"standardEnvVars": [], "harnesses": {}})
        elif found := _MODELS.fullmatch(path):
            self._model(found[1], found[2] or "revision", unquote(found[3] or "main"))
        elif found := _RESOLVE.fullmatch(path):
            self._resolve(found[1], unquote(found[2]), unquote(found[3]))
        else:
            self.refuse(404)

    def _search(self) -> None:
        words = parse_qs(urlsplit(self.path).query)
        wanted = words.get("search", [""])[0].lower()
        infos = [
            repo.info(repo.branches["main"]) for name, repo in sorted(self.state.repos.items()) if not repo.private
        ]
        author = words.get("author", [""])[0]
        tags = words.get("filter", [])
        found = [i for i in infos if wanted in str(i["id"]).lower() and set(tags) <= set(i["tags"])]  # type: ignore[call-overload]
        self.send_json([i for i in found if not author or str(i["id"]).startswith(f"{author}/")])

    def _model(self, name: str, what: str, revision: str) -> None:
        repo = self._repo(name)
        if repo is None:
            return
        commit = repo.find(revision)
        if what == "auth-check":
            if not self._may_read(repo):
                self.refuse(403 if self.token else 401, "GatedRepo", f"Access to model {name} is restricted.")
            else:
                self.send(200)
        elif commit is None:
            self.refuse(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        elif what == "revision":
            self.send_json(repo.info(commit))
        else:
            self._tree(repo, commit)

    def _tree(self, repo: Repo, commit: str) -> None:
        files = repo.commits[commit]
        start = int(parse_qs(urlsplit(self.path).query).get("cursor", ["0"])[0])
        end = start + self.state.page_size
        page = [files[path].entry(path) for path in sorted(files)[start:end]]
        following = f"http://{self.headers['Host']}{urlsplit(self.path).path}?recursive=true&cursor={end}"
        self.send_json(page, {"Link": f'<{following}>; rel="next"'} if end < len(files) else {})

    def _resolve(self, name: str, revision: str, path: str) -> None:
        repo = self._repo(name)
        if repo is None:
            return
        commit = repo.find(revision)
        if not self._may_read(repo):
            self.refuse(403 if self.token else 401, "GatedRepo", f"Access to model {name} is restricted.")
        elif commit is None:
            self.refuse(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        elif path not in repo.commits[commit]:
            self.refuse(404, "EntryNotFound", "Entry not found")
        else:
            self._content(repo.commits[commit][path], commit)

    def _content(self, file: Stored, commit: str) -> None:
        if not file.lfs:
            return self.send_file(file.path, {"X-Repo-Commit": commit, "ETag": f'"{file.oid}"'})
        about = {"X-Repo-Commit": commit, "X-Linked-ETag": f'"{file.sha256}"', "X-Linked-Size": str(file.size)}
        location = f"{self.state.cdn_url}/{file.sha256}?Signature=secret-signature"
        self.send(302, b"", {**about, "ETag": f'"{file.oid}"', "Location": location})
        return None

    def _repo(self, name: str) -> Repo | None:
        """Return a repo that the caller may see, or answer that there is none."""
        if name in self.state.renamed:
            target = self.path.replace(name, quote(self.state.renamed[name]), 1)
            self.send(307, b"", {"Location": target})
            return None
        repo = self.state.repos.get(name)
        if repo is None or (repo.private and not self._may_read(repo)):
            self.refuse(404 if self.token else 401, "RepoNotFound", self._not_found)
            return None
        return repo

    def _may_read(self, repo: Repo) -> bool:
        return not (repo.gated or repo.private) or self.token in repo.readers


class CdnHandler(_Handler):
    """Content by its name; whoever sends a token here has lost it to another origin."""

    server_name = "cdn"

    def respond(self) -> None:
        """Answer one path."""
        file = self.state.content(urlsplit(self.path).path.lstrip("/"))
        if file is None or "Signature=" not in self.path:
            self.refuse(403)
        else:
            self.send_file(file.path, {"ETag": f'"{file.sha256}"'})
