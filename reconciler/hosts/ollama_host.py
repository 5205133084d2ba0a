"""One Ollama server behind the Host port: what to ask for, in which order, and what not to trust.

The calls themselves are in `hosts.wire`. What is here protects the models on the host from
the known faults of its versions: a base that the server would look up on the internet, a
stream that reports an error and then replaces the model by an empty one, an answer that
falls into the moment in which a manifest is being written.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from reconciler.arrival import Arrival
from reconciler.core.digest import Digest
from reconciler.core.facts import Fact, Facts
from reconciler.core.names import Address, HostName, ModelName
from reconciler.core.state import Live
from reconciler.core.steps import Create, Install, Pull, projectors_of
from reconciler.core.versions import Feature, has
from reconciler.errors import HostRejected, LayerLost
from reconciler.hosts.essence import essence
from reconciler.hosts.listing import Listing
from reconciler.hosts.wire import Wire
from reconciler.ports import Progress
from reconciler.transport import Http, origin

PATIENCE = 1800.0  # seconds; converting or verifying a large model is silent work
_SURE = {"temperature": 0, "seed": 1, "num_predict": 256}  # the same answer each time, and no endless one
_SHOW_TRIES = 4
_MOST = 1 << 63  # bytes; no disk has as many
_SHOW_PAUSE = 0.25  # seconds
_MOMENT = 0.25  # seconds in which a base that was listed stays there


@dataclass
class OllamaHost:
    """One server; safe to use from several threads, but one writing call at a time (parallel creates break models)."""

    name: HostName
    url: str
    http: Http = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)  # with the token, if there is one
    token_env: str = ""  # the environment variable that the token came from; empty without one
    patience: float = PATIENCE  # seconds that a working server may be silent
    callback: str = ""  # ADDRESS[:PORT] of this machine at which the host can reach us; empty where none is known

    def __post_init__(self) -> None:
        """Prepare the calls; nothing is sent yet."""
        self._wire = Wire(self.http, self.url.rstrip("/"), self.headers, self.token_env, self.patience)
        self._listing = Listing[tuple[Live, str]]()

    def version(self) -> str:
        """Return the server's version as it prints it."""
        return self._wire.version()

    def now(self) -> str:
        """Return the time of day by the server's clock, ISO 8601 in UTC to the second; empty where it tells none."""
        return self._wire.now()

    def models(self, within: float = 0.0, /) -> tuple[Live, ...]:
        """Return every model that the server lists, without facts, sorted by address.

        `within` so many seconds before, the last list will do, if nothing was written through this since.

        Cloud stubs and models that are not GGUF are listed like any other: a name left out would
        look free, and a plan could write over what somebody put there. Only a name that no
        manifest can hold is left out, for nothing of ours can ever meet it. An entry without a
        digest is refused as a whole answer: unknown is safer than absent.
        """
        return tuple(live for live, _ in self._listing.entries(self._read, within))

    def show(self, name: ModelName) -> Facts:
        """Return what a model consists of; HostRejected with status 404 if the host cannot show it.

        A manifest is not written in one go, so a model that is listed is asked for again for up to a second.
        """
        return self.show_with_parent(name)[0]

    def show_with_parent(self, name: ModelName) -> tuple[Facts, ModelName | None]:
        """Return what `show` does, and the model that it says it was built on, which may be gone or changed since.

        Of one that was made from files a host says the path of a blob, or the name of the file: that is None.
        """
        for _ in range(_SHOW_TRIES - 1):
            try:
                return self._shown(name)
            except HostRejected as error:
                if not _may_be_half_written(error) or self._spelling(name) is None:
                    raise
            time.sleep(_SHOW_PAUSE)
        return self._shown(name)

    def loaded(self) -> frozenset[ModelName]:
        """Return the models that are in memory now."""
        names = (_name(entry) for entry in self._wire.running())
        return frozenset(name for name in names if name is not None)

    def has_blob(self, digest: Digest) -> bool:
        """Tell whether the server holds a blob."""
        return self._wire.holds(digest)

    def upload(self, digest: Digest, content: Arrival, progress: Progress) -> None:
        """Send a blob while it arrives, and raise what stops it; the server refuses what does not fit the digest."""
        self._wire.send(digest, content, progress)

    def pull(self, step: Pull, progress: Progress) -> None:
        """Have the server pull from its hub; returns only after a final success."""
        request: dict[str, object] = {"model": str(step.name), "stream": True}
        if step.insecure:
            request["insecure"] = True
        with self._listing.writing():
            self._wire.pull(request, progress, sum(size for _, size in step.layers))

    def install(self, step: Install, announce: Callable[[ModelName], None], progress: Progress) -> None:
        """Have the server pull a hub manifest from us and give it the step's name, its layers being there already.

        It is pulled under a temporary name, which `announce` is told first, and believed only if the host then lists
        it with a digest that was foretold; the temporary name is deleted, whatever comes of it.
        """
        from reconciler.hosts.installation import install

        with self._listing.writing():
            install(replace(self, patience=self.http.stall), step, announce, progress)

    def create(self, step: Create, progress: Progress) -> None:
        """Have the server make a model; returns only after a final success; LayerLost where a blob is not there.

        A base must be listed, and is named as it is listed: what the server does not find under
        that very spelling it would pull from the internet.
        """
        request = {**_request(step), "stream": True}
        if step.base is not None:
            spelling = self._spelling(step.base, _MOMENT)
            if spelling is None:
                raise HostRejected(f"its base {step.base} is not on the host", status=404, where=origin(self.url))
            request["from"] = spelling
            request["stream"] = has(self.version(), Feature.STREAM_STOPS_AT_ERRORS)
        try:
            with self._listing.writing():
                self._wire.create(request, progress)
        except HostRejected as error:
            if "no such file" not in error.message:
                raise
            raise LayerLost(error.message, status=error.status, hint=error.hint, where=error.where) from error

    def copy(self, source: ModelName, target: ModelName) -> None:
        """Give a model a second name, over whatever had it."""
        with self._listing.writing():
            self._wire.copy(str(source), str(target))

    def delete(self, name: ModelName) -> None:
        """Delete a model; one that is not there is no error, but one that is listed and not found is."""
        try:
            with self._listing.writing():
                self._wire.delete(str(name))
        except HostRejected as error:
            if error.status != 404 or self._spelling(name) is not None:
                raise

    def ask(self, name: ModelName, prompt: str, timeout: float, *, keep: bool) -> str:
        """Return how a model goes on from a prompt, leaving to chance as little as can be, within so many seconds.

        It does not think first, and is not left in memory unless `keep` is set.
        """
        request = {"prompt": prompt, "think": False, "options": _SURE}
        return self._wire.generate(_inference(name, request, keep), timeout)

    def embed(self, name: ModelName, text: str, timeout: float, *, keep: bool) -> int:
        """Return how many dimensions a model's embedding of a text has; else as `ask`."""
        return len(self._wire.embed(_inference(name, {"input": text}, keep), timeout))

    def _shown(self, name: ModelName) -> tuple[Facts, ModelName | None]:
        answer = self._wire.show(str(name))
        try:
            return essence(answer), _parent(answer.get("details"))
        except ValueError as error:
            raise HostRejected(str(error), status=200, where=origin(self.url)) from error

    def _live(self, entry: Mapping[str, Any]) -> Live | None:
        name = _name(entry)
        if name is None:
            return None
        digest, size = entry.get("digest"), entry.get("size")
        try:
            return Live(Address(self.name, name), Digest.parse(str(digest)), _whole(size))
        except (TypeError, ValueError) as error:
            message = f"{name} is listed without a digest or size"
            raise HostRejected(message, status=200, where=origin(self.url)) from error

    def _read(self) -> tuple[tuple[Live, str], ...]:
        """Return what the server lists, sorted, with each name as it is spelled there."""
        found = ((live, entry["name"]) for entry in self._wire.tags() if (live := self._live(entry)) is not None)
        return tuple(sorted(found, key=lambda item: item[0].address))

    def _spelling(self, name: ModelName, within: float = 0.0) -> str | None:
        """Return the name as the server lists it, None where it does not."""
        listed = self._listing.entries(self._read, within)
        return next((spelling for live, spelling in listed if live.address.model == name), None)


def _name(entry: Mapping[str, Any]) -> ModelName | None:
    try:
        return ModelName.parse(entry["name"])
    except ValueError:
        return None


def _parent(details: object) -> ModelName | None:
    said = details.get("parent_model") if isinstance(details, dict) else None
    return None if not isinstance(said, str) or said.endswith(".gguf") else _name({"name": said})


def _whole(size: object) -> int:
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size < _MOST:
        raise TypeError("not a number of bytes")
    return size


def _may_be_half_written(error: HostRejected) -> bool:
    return error.status == 404 or (error.status == 500 and "EOF" in error.message)


def _request(step: Create) -> dict[str, object]:
    """Return the body of a create call without the base; what is not declared is not sent, for empty is not absent."""
    projectors = projectors_of(step.files)  # older servers shuffle `files`; a projector is known by its content
    files, adapters = step.files[: len(step.files) - len(projectors)], (*projectors, *step.adapters)
    body: dict[str, object] = {
        "model": str(step.name),
        "files": {name: str(digest) for name, digest in files},
        "adapters": {name: str(digest) for name, digest in adapters},
        "template": step.template,
        "system": step.system,
        "parameters": {name: _thawed(value) for name, value in step.parameters},
        "messages": [{"role": role, "content": content} for role, content in step.messages],
        "license": list(step.license),
        "quantize": step.quantize,
        "renderer": step.renderer,
        "parser": step.parser,
    }
    return {key: value for key, value in body.items() if value}


def _inference(name: ModelName, request: Mapping[str, object], keep: bool) -> dict[str, object]:
    """Return the body of an inference call; without `keep_alive`, what is in memory stays there as long as it did."""
    ending: dict[str, object] = {} if keep else {"keep_alive": 0}
    return {"model": str(name), "stream": False, **request, **ending}


def _thawed(value: Fact) -> object:
    return [_thawed(item) for item in value] if isinstance(value, tuple) else value
