"""Traces: a run as spans, sent by OpenTelemetry where its environment variables ask for that.

The run is the root; below it are the plan, each host, below a host its changes and transfers, below a change its
steps. A listener hears of them as of everything else: `host_started` opens, `change_applied` closes.
Nothing here fails a run, and an end of a run waits for a collector no longer than `PATIENCE`.
"""

import logging
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock, Thread
from typing import TYPE_CHECKING

from reconciler.core.hidden import hidden, hiding
from reconciler.errors import SettingsError
from reconciler.ports import Listener

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span, Tracer

PATIENCE = 3.0  # seconds that the end of a run waits for a collector
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_SPOKEN = "http/protobuf"
_IDENTITY = {"host": ("host",), "change": ("host", "model"), "step": ("host", "model"), "transfer": ("host", "digest")}
_ENDS = frozenset({"done", "finished", "applied", "failed", "skipped", "refused"})
_NAMED_BY = {"change": "action", "step": "step"}  # the fact that says what kind it is

_Key = tuple[str, ...]
_Facts = Mapping[str, object]


def wanted(environ: Mapping[str, str]) -> bool:
    """Tell whether the environment asks for traces, by the variables that OpenTelemetry defines."""
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    exporter = environ.get("OTEL_TRACES_EXPORTER", "").strip()
    return exporter != "none" if exporter else any(environ.get(name) for name in _ENDPOINTS)


def begin(environ: Mapping[str, str], name: str, version: str) -> "Traces":
    """Return the traces of a run that begins now; raises SettingsError where they can't be sent as it is asked."""
    exporter = environ.get("OTEL_TRACES_EXPORTER", "").strip() or "otlp"
    protocol = next((environ[name] for name in _PROTOCOLS if environ.get(name)), _SPOKEN)
    if exporter != "otlp":
        raise SettingsError(f"the exporter {exporter} is not known here", hint="OTEL_TRACES_EXPORTER=otlp")
    if protocol != _SPOKEN:
        raise SettingsError(f"{protocol} is not spoken here", hint=f"OTEL_EXPORTER_OTLP_PROTOCOL={_SPOKEN}")
    try:
        provider = _provider(environ, version)
    except ImportError as error:
        hint = "pip install 'reconciler[otel]', or set OTEL_SDK_DISABLED=true"
        raise SettingsError("OpenTelemetry is not installed", hint=hint) from error
    except (ValueError, OSError) as error:
        raise SettingsError(f"OpenTelemetry can't be used as it is configured: {error}") from error
    return Traces(provider, provider.get_tracer("reconciler", version), name, _joined(environ))


def _provider(environ: Mapping[str, str], version: str) -> "TracerProvider":
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    named = environ.get("OTEL_SERVICE_NAME") or "service.name=" in environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    service = {"service.version": version} if named else {"service.name": "reconciler", "service.version": version}
    provider = TracerProvider(resource=Resource.create(service), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider


def _joined(environ: Mapping[str, str]) -> "Context":
    """Return the context of whoever called us: `TRACEPARENT` is how CI systems hand on their trace."""
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    given = {name.lower(): environ[name] for name in ("TRACEPARENT", "TRACESTATE") if name in environ}
    return TraceContextTextMapPropagator().extract(given)


class Traces:
    """The spans of one run."""

    def __init__(self, provider: "TracerProvider", tracer: "Tracer", name: str, context: "Context") -> None:
        self._provider, self._tracer = provider, tracer
        self._complaints = _Complaints()
        self._lock = Lock()
        self._open: dict[_Key, Span] = {}
        self._hosts: dict[_Key, Span] = {}  # also those that have ended: a transfer may outlive the work on its host
        self._root = tracer.start_span(f"reconciler {name}", context)
        self._secrets: tuple[str, ...] = ()

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Let a part of the run that nobody tells events of be a span."""
        span = self._tracer.start_span(name, _below(self._root))
        try:
            yield
        except BaseException as error:
            self._fail(span, str(error) or type(error).__name__)
            raise
        span.end()

    def over(self, listener: Listener, secrets: Collection[str]) -> Listener:
        """Return a listener that makes spans of what it hears, and gives it to `listener` as well."""
        self._secrets = hiding(secrets)
        return _Tracing(self, listener)

    def hear(self, level: str, name: str, facts: _Facts) -> None:
        """Open or close the span that an event speaks of; what else is told ends up on the span that it belongs to."""
        noun, _, end = name.partition("_")
        with self._lock:
            if noun in _IDENTITY and end == "started":
                self._start(noun, facts)
            elif noun in _IDENTITY and end in _ENDS:
                self._end(noun, facts)
            elif level != "debug":
                self._nearest(facts).add_event(name, self._attributes(facts))

    def end(self, facts: _Facts) -> str:
        """End the run, send what is not sent yet, and return why that did not work, or nothing."""
        with self._lock:
            for span in self._open.values():
                span.end()
            self._finish(self._root, facts)
        sending = Thread(target=self._provider.shutdown, daemon=True)  # its own bound is half a minute
        sending.start()
        sending.join(PATIENCE)
        late = f"the collector did not take them within {PATIENCE:g} s" if sending.is_alive() else ""
        return self._complaints.first or late

    def _start(self, noun: str, facts: _Facts) -> None:
        key = _key(noun, facts)
        if noun == "host" and key in self._hosts:
            return
        if key in self._open:  # a step that failed, and is tried again
            self._fail(self._open.pop(key), "")
        kind = facts.get(_NAMED_BY.get(noun, ""), "")
        above = self._root if noun == "host" else self._above(noun, facts)
        span = self._tracer.start_span(f"{noun} {kind}".strip(), _below(above), attributes=self._attributes(facts))
        self._open[key] = span
        if noun == "host":
            self._hosts[key] = span

    def _above(self, noun: str, facts: _Facts) -> "Span":
        """Return the span below which this one belongs; that of a host begins with the first that is heard of it."""
        if noun == "step":
            return self._nearest(facts)
        self._start("host", {"host": facts["host"]})
        return self._hosts[_key("host", facts)]

    def _end(self, noun: str, facts: _Facts) -> None:
        key = _key(noun, facts)
        if key not in self._open and noun == "change":  # one that the plan refused
            self._start(noun, facts)
        if noun == "change" and (step := self._open.pop(_key("step", facts), None)) is not None:
            self._fail(step, str(facts.get("error", "")))
        if (span := self._open.pop(key, None)) is not None:
            self._finish(span, facts)

    def _finish(self, span: "Span", facts: _Facts) -> None:
        span.set_attributes(self._attributes(facts))
        if facts.get("error"):
            self._fail(span, str(facts["error"]))
        else:
            span.end()

    def _fail(self, span: "Span", error: str) -> None:
        from opentelemetry.trace import StatusCode

        message = hidden(error, self._secrets)
        span.set_status(StatusCode.ERROR, message)
        if message:
            span.add_event("exception", {"exception.message": message})
        span.end()

    def _nearest(self, facts: _Facts) -> "Span":
        for noun in ("change", "host"):
            if all(name in facts for name in _IDENTITY[noun]) and (span := self._open.get(_key(noun, facts))):
                return span
        return self._root

    def _attributes(self, facts: _Facts) -> dict[str, str | bool | int | float]:
        return {f"reconciler.{key}": self._plain(value) for key, value in facts.items() if value is not None}

    def _plain(self, value: object) -> str | bool | int | float:
        return value if isinstance(value, bool | int | float) else hidden(str(value), self._secrets)


@dataclass(frozen=True, slots=True)
class _Tracing:
    """A listener that makes spans of what it hears."""

    traces: Traces
    listener: Listener
    facts: dict[str, object] = field(default_factory=dict)

    def bind(self, **facts: object) -> "_Tracing":
        return _Tracing(self.traces, self.listener.bind(**facts), {**self.facts, **facts})

    def event(self, level: str, name: str, **facts: object) -> None:
        self.traces.hear(level, name, {**self.facts, **facts})
        self.listener.event(level, name, **facts)

    def progress(self, task: str, phase: str, done: int, total: int) -> None:
        self.listener.progress(task, phase, done, total)

    def finished(self, task: str) -> None:
        self.listener.finished(task)


class _Complaints(logging.Handler):
    """What OpenTelemetry has to say of itself; it would go to stderr as lines that are none of ours."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.first = ""
        logging.getLogger("opentelemetry").handlers[:] = [self]

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the first."""
        self.first = self.first or record.getMessage()


def _below(span: "Span") -> "Context":
    from opentelemetry.trace import set_span_in_context

    return set_span_in_context(span)


def _key(noun: str, facts: _Facts) -> _Key:
    return noun, *(str(facts[name]) for name in _IDENTITY[noun])
