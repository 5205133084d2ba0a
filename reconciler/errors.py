"""Every error that reconciler raises on purpose, in one tree.

    ReconcilerError                    message, hint, where; `retryable` is a class attribute
    ├─ ManifestError                   carries every Diagnostic, not the first
    ├─ Interrupted                     somebody asked the run to end
    ├─ SettingsError                   a flag or an environment variable that cannot be used
    ├─ TransportError                  one HTTP exchange failed; hosts and sources translate it
    ├─ ResolutionError
    │  ├─ NotFound                     the reference names nothing
    │  ├─ AccessDenied                 a token is missing, wrong, or lacks access
    │  ├─ Ambiguous                    the reference names several things
    │  ├─ Unusable                     it is there, but a host could not use it
    │  └─ SourceUnavailable            the hub did not answer (retryable)
    ├─ HostError
    │  ├─ HostUnreachable              no connection (retryable)
    │  ├─ HostTimeout                  connected, then silent (retryable)
    │  ├─ HostRejected                 it answered, with an error
    │  │  └─ LayerLost                 it has not any more what was brought to it
    │  ├─ HostTooOld                   it lacks what the manifest needs
    │  └─ WrongAnswer                  a model does not pass its test
    ├─ PlanError
    │  ├─ UnsafePlan                   a safety check said no
    │  ├─ StalePlan                    what the plan rests on has moved
    │  └─ DependencyCycle              a model is built, through others, from itself
    └─ RegistryError
       ├─ LeaseHeld                    somebody else writes to this host now
       ├─ WrongLineage                 the plan was made against another registry
       └─ RegistryUnavailable          the store cannot be opened or written (retryable)

A user's mistake is one of these, with a message that says what is wrong and a
hint that says what to do. Anything else that escapes is a bug and is shown as one.
This module imports nothing but `errno`.
"""

import errno

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})  # what a disk says that takes no more
PASSING = frozenset({429, 502, 503, 504})  # HTTP statuses of a server that may answer otherwise in a moment


class ReconcilerError(Exception):
    """Base of the tree: `message` is one sentence, `hint` says what to do, `where` is an address or a place."""

    retryable = False

    def __init__(self, message: str, *, hint: str = "", where: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.where = where

    def __str__(self) -> str:
        """Return where, message and hint on one line, as logs and outcomes store it."""
        text = f"{self.where}: {self.message}" if self.where else self.message
        return f"{text} ({self.hint})" if self.hint else text


class ManifestError(ReconcilerError):
    """The manifests cannot be used; `diagnostics` holds every finding (tuple of core Diagnostic)."""

    def __init__(self, diagnostics: tuple[object, ...]) -> None:
        count = len(diagnostics)
        super().__init__(f"{count} finding{'s' if count != 1 else ''} in the manifests")
        self.diagnostics = diagnostics


class Interrupted(ReconcilerError):
    """Somebody asked the run to end, and this was abandoned half-way."""

    def __init__(self, message: str = "the run was interrupted", *, where: str = "") -> None:
        super().__init__(message, hint="apply again to go on", where=where)


class SettingsError(ReconcilerError):
    """A flag or an environment variable that cannot be used as it stands."""

    @classmethod
    def unwritten(cls, what: str, error: OSError, path: object) -> "SettingsError":
        """Return the error for a file that was asked for and can't be written."""
        hint = "check the path, who may write there, and the room on that disk"
        return cls(f"{what}: {error.strerror}", hint=hint, where=str(path))


class TransportError(ReconcilerError):
    """One HTTP exchange that failed below HTTP: `timed_out` tells a silence from a refusal."""

    retryable = True

    def __init__(self, message: str, *, timed_out: bool = False, hint: str = "", where: str = "") -> None:
        super().__init__(message, hint=hint, where=where)
        self.timed_out = timed_out


class ResolutionError(ReconcilerError):
    """A source reference could not be pinned to content."""


class NotFound(ResolutionError):
    """The reference names nothing that exists."""


class AccessDenied(ResolutionError):
    """The hub wants a token, another token, or an agreement; the hint names the variable, never its value."""


class Ambiguous(ResolutionError):
    """The reference names several things; the message lists them with their sizes."""


class Unusable(ResolutionError):
    """The reference is clear, but its content cannot become a model on a host."""


class SourceUnavailable(ResolutionError):
    """The hub did not answer, or not sensibly, this time."""

    retryable = True


class HostError(ReconcilerError):
    """Something between us and one Ollama server."""


class HostUnreachable(HostError):
    """No connection could be made, or it broke."""

    retryable = True


class HostTimeout(HostError):
    """The host accepted the connection and then said nothing for too long."""

    retryable = True


class HostRejected(HostError):
    """The host answered, and the answer was an error; `status` is the HTTP status, 200 for an error inside a stream."""

    def __init__(self, message: str, *, status: int = 0, hint: str = "", where: str = "") -> None:
        super().__init__(message, hint=hint, where=where)
        self.status = status
        self.retryable = status in PASSING


class LayerLost(HostRejected):
    """The host lacks a layer that was brought to it: a restart deletes what no model uses yet."""


class HostTooOld(HostError):
    """The host's version lacks something that the manifest asks for."""


class WrongAnswer(HostError):
    """A model does not pass its test: it answered otherwise, or not at all."""


class PlanError(ReconcilerError):
    """A plan that cannot be made or must not be applied."""


class UnsafePlan(PlanError):
    """A safety check refused the whole plan before the first write."""


class StalePlan(PlanError):
    """Manifests, registry, upstream or a host moved since the plan was made."""


class DependencyCycle(PlanError):
    """Builds that need each other."""


class RegistryError(ReconcilerError):
    """Something with our own record store."""


class LeaseHeld(RegistryError):
    """Another run holds the lease on a host, or had it in between; then all but the message is empty.

    `who` is user@machine, `since` and `until` are ISO 8601 in UTC; the holder renews it while it lives.
    """

    def __init__(
        self, message: str, *, who: str = "", run: str = "", since: str = "", until: str = "", hint: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.who, self.run, self.since, self.until = who, run, since, until
        self.pid = 0  # of the holder's process, where the registry knows it


class WrongLineage(RegistryError):
    """The plan was made against another registry."""


class RegistryUnavailable(RegistryError):
    """The record store cannot be opened, read or written."""

    retryable = True
