"""One host behind the Host port, as a snapshot saw it: what was seen is answered, and nothing is ever sent."""

from dataclasses import replace
from typing import NoReturn

from reconciler.core.digest import Digest
from reconciler.core.facts import Fact, Facts
from reconciler.core.names import ModelName
from reconciler.core.snapshot import Sight
from reconciler.core.state import Live, Observed
from reconciler.errors import HostError, HostRejected


class SnapshotHost:
    """A host that can be read, as far as the snapshot goes, and not be written to; what it can't tell is a HostError.

    `seen` is what it answered: it must be of a host that did.
    """

    def __init__(self, seen: Observed, sight: Sight) -> None:
        self.name, self.url, self.callback = seen.host, seen.url, sight.callback
        self._version, self._models = seen.version, {live.address.model: live for live in seen.models}
        self._loaded = frozenset(sight.loaded)
        self._blobs = {**dict.fromkeys(_shown_blobs(seen), True), **dict(sight.blobs)}

    def version(self) -> str:
        """Return the server's version."""
        return self._version

    def now(self) -> str:
        """Return nothing: its clock has gone on since."""
        return ""

    def models(self, _within: float = 0.0, /) -> tuple[Live, ...]:
        """Return every model that the server listed, without facts, sorted by address."""
        return tuple(replace(live, facts=None) for live in self._models.values())

    def show(self, name: ModelName) -> Facts:
        """Return what a model consisted of; HostRejected with status 404 if the host could not show it."""
        live = self._models.get(name)
        if live is None or live.facts is None:
            raise HostRejected(f"the snapshot does not tell what {name} consists of", status=404)
        return live.facts

    def show_with_parent(self, name: ModelName) -> NoReturn:
        """Raise HostError: no plan asks for that."""
        raise HostError(f"the snapshot does not tell what {name} was built on")

    def loaded(self) -> frozenset[ModelName]:
        """Return the models that were in memory."""
        return self._loaded

    def has_blob(self, digest: Digest) -> bool:
        """Tell whether the server held a blob; HostError where nobody asked."""
        if digest not in self._blobs:
            raise HostError(f"the snapshot does not tell whether {self.name} has the blob {digest.short}")
        return self._blobs[digest]

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        """Raise HostError: this host can't be written to, nor asked to work."""
        raise HostError(f"{self.name} is known from a snapshot only: nothing can be done on it")

    upload = pull = install = create = copy = delete = ask = embed = _refuse


def _shown_blobs(seen: Observed) -> set[Digest]:
    """Return the blobs that models were shown to consist of: those are there."""
    shown = [dict(live.facts or ()) for live in seen.models]
    named: list[Fact] = [facts.get("weights") for facts in shown]
    for facts in shown:
        named += [digest for path in ("projectors", "adapters") for digest in _listed(facts.get(path))]
    return {Digest.parse(text) for text in named if isinstance(text, str)}


def _listed(fact: Fact) -> tuple[Fact, ...]:
    return fact if isinstance(fact, tuple) else ()
