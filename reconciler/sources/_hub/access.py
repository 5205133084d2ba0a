"""Requests to hubs: the token that anybody gets where a hub wants one, and our login where it wants that.

A login goes to the origin that asked for it, and nowhere else: not along a redirect, and not to a token endpoint
of another origin. What a hub gave for one repo is kept for the process and used for that repo alone.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import field
from urllib.parse import urlencode

from reconciler.core.frozen import dataclass
from reconciler.core.names import ModelName
from reconciler.errors import AccessDenied, NotFound, ResolutionError, SourceUnavailable, TransportError, Unusable
from reconciler.sources._files.silence import answering
from reconciler.sources._hub.login import Login, Logins, place_of
from reconciler.transport import Http, Reply, Stream

REDIRECTS = 3  # hf.co sends its callers on to huggingface.co
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')
_BEARER = re.compile(r"(?:^|,)\s*bearer\s+(.*)", re.IGNORECASE | re.DOTALL)
_BASIC = re.compile(r"(?:^|,)\s*basic\b", re.IGNORECASE)
_NO_TOKEN = frozenset({400, 401, 403, 404})  # answers of a token endpoint that say no


@dataclass(frozen=True, slots=True)
class Repo:
    """A model's place on its hub."""

    hub: str  # the origin
    name: ModelName

    @classmethod
    def of(cls, name: ModelName, *, insecure: bool) -> "Repo":
        """Return the place of a name; `insecure` means plain http."""
        return cls(f"{'http' if insecure else 'https'}://{name.hub}", name)

    @property
    def path(self) -> str:
        """Return what all tags of the model share."""
        return f"{self.hub}/v2/{self.name.namespace}/{self.name.model}"


@dataclass(frozen=True, slots=True)
class _Permit:
    """What is sent to be let in."""

    header: str = field(default="", repr=False)  # the value of `Authorization`, empty for none
    place: str = ""  # where the login behind it was found; empty for what anybody gets


class HubAccess:
    """What a process may read of hubs."""

    def __init__(self, http: Http, logins: Logins) -> None:
        self._http, self._logins = http, logins
        self._permits: dict[str, _Permit] = {}  # by the repo's path

    def by_login(self, repo: Repo) -> bool:
        """Tell whether this repo could only be read with a login of ours."""
        return bool(self._permits.get(repo.path, _Permit()).place)

    def by_token(self, repo: Repo) -> bool:
        """Tell whether this repo could only be read with a login or a token."""
        return repo.path in self._permits

    def read(self, repo: Repo, what: str, headers: Mapping[str, str]) -> bytes:
        """Return a small thing whole; raises ResolutionError."""
        with self.stream(repo, what, headers) as answer:
            body = answer.read()
        if answer.status != 200:
            raise refusal(answer.status, body.decode("utf-8", "replace"), repo, what)
        return body

    @contextmanager
    def stream(self, repo: Repo, what: str, headers: Mapping[str, str], redirects: int = REDIRECTS) -> Iterator[Stream]:
        """Give the answer to a GET of `what`; raises AccessDenied where nothing lets us in, else SourceUnavailable."""
        permit = self._permits.get(repo.path, _Permit())
        with answering(), ExitStack() as stack:

            def ask(permit: _Permit) -> Stream:
                stack.close()
                sent = {**headers, "Authorization": permit.header} if permit.header else headers
                url = f"{repo.path}/{what}"
                return stack.enter_context(self._http.stream("GET", url, headers=sent, redirects=redirects))

            answer = ask(permit)
            if answer.status == 401 and _same(answer.origin, repo.hub):
                for permit in self._permits_for(repo, answer.headers.get("WWW-Authenticate", "")):
                    answer = ask(permit)
                    if answer.status not in {401, 403}:
                        self._permits[repo.path] = permit
                        break
            if answer.status in {401, 403}:
                raise self._denied(repo, what, answer, permit)
            yield answer

    def _permits_for(self, repo: Repo, challenge: str) -> Iterator[_Permit]:
        """Yield what may let us in, the least first; raises AccessDenied for a login that may not be sent."""
        if bearer := _BEARER.search(challenge):
            wanted: dict[str, str] = {}
            for name, value in _CHALLENGE.findall(bearer[1]):
                wanted.setdefault(name.lower(), value)  # a second challenge may follow
            realm = wanted.pop("realm", "")
            here = _same(realm, repo.hub)
            if here and (token := self._token(repo, realm, wanted, None)):
                yield _Permit(f"Bearer {token}")
            login = self._logins.find(repo.hub)
            if login and not here:
                raise AccessDenied(
                    f"{repo.hub} has its tokens given elsewhere, where the login for it in {login.place} is not sent",
                    hint="a login goes to the very origin of its hub: choose a hub that gives tokens itself",
                )
            if login and (token := self._token(repo, realm, wanted, login)):
                yield _Permit(f"Bearer {token}", login.place)
        elif _BASIC.search(challenge) and (login := self._logins.find(repo.hub)):
            yield _Permit(login.header, login.place)

    def _token(self, repo: Repo, realm: str, wanted: Mapping[str, str], login: Login | None) -> str | None:
        """Return the token that the hub gives, to anybody or for the login; None where it gives none to anybody."""
        headers = {"Authorization": login.header} if login else {}
        joint = "&" if "?" in realm else "?"
        answer = self._http.request("GET", f"{realm}{joint}{urlencode(wanted)}", headers=headers, redirects=REDIRECTS)
        if answer.status != 200 and answer.status not in _NO_TOKEN:
            raise refusal(answer.status, "", repo, "token")
        token = _token_in(answer)
        if token is None and login:
            raise _not_accepted(repo, login.place)
        return token

    def _denied(self, repo: Repo, what: str, answer: Stream, permit: _Permit) -> ResolutionError:
        here = _same(answer.origin, repo.hub)
        if not here and what.startswith("blobs/"):
            return SourceUnavailable(f"the storage of {repo.hub} answered with {answer.status}", hint="try again later")
        if here and permit.place:
            return _not_accepted(repo, permit.place)
        hint = "it may not exist, or be private"
        if here and answer.status == 401:
            hint = self._logins.advice(repo.hub)
        return AccessDenied(f"{repo.hub} does not give {repo.name} to everybody", hint=hint)


def refusal(status: int, text: str, repo: Repo, what: str) -> ResolutionError:
    """Return what the hub's answer means; some hubs explain themselves only in the text."""
    name, hub = repo.name, repo.hub
    match status:
        case 400 | 404 if "OCI manifest" in text or "OCI index" in text:
            return Unusable(f"{name} is an OCI image, which Ollama does not pull", hint="push it with `ollama push`")
        case 400 if "sharded" in text.lower():
            return Unusable(
                f"{name} is split into several files, which Ollama does not pull", hint="choose another tag"
            )
        case 400 | 404 if what.startswith("blobs/"):
            return NotFound(f"a layer of {name} is not on {hub} any more", hint="plan again: the tag may have moved")
        case 400 | 404:
            return NotFound(f"{name} is not on {hub}", hint="check the spelling of name and tag")
        case 412:
            return Unusable(f"{name} needs a newer Ollama", hint="upgrade the hosts, or choose an older tag")
        case 429:
            return SourceUnavailable(f"{hub} answered {name} with 429: too many requests", hint="try again later")
        case status:
            return SourceUnavailable(f"{hub} answered {name} with {status}", hint="try again later")


def _not_accepted(repo: Repo, place: str) -> AccessDenied:
    return AccessDenied(
        f"{repo.hub} does not give {repo.name} for the login in {place}",
        hint="it may have expired, or may not read this model: `docker login` makes a new one",
    )


def _token_in(answer: Reply) -> str | None:
    try:
        given = answer.json() if answer.status == 200 else None
    except TransportError:
        return None
    token = given.get("token") or given.get("access_token") if isinstance(given, dict) else None
    return token if isinstance(token, str) and token.isascii() and token.isprintable() else None


def _same(url: str, hub: str) -> bool:
    place = place_of(url)
    return place is not None and place == place_of(hub)
