"""Execution of one change on one host: the plan's own steps, then a reading that proves them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Event

from reconciler.core.change import Action, Change
from reconciler.core.digest import Digest
from reconciler.core.names import ModelName
from reconciler.core.state import Desired, Live, Recorded
from reconciler.core.steps import Copy, Create, Delete, Install, Pull, Step, Upload, written_names
from reconciler.errors import HostError, HostRejected, ReconcilerError, StalePlan
from reconciler.ports import Clock, Forget, Host, Listener, Progress, Sources
from reconciler.workflow.transfer import Transfers
from reconciler.workflow.verify import unmet
from reconciler.workflow.watching import watching

READS = 5  # how often a model is looked for before it is believed to be absent: hosts write manifests in place
PAUSE = 0.2  # seconds between those readings


@dataclass(frozen=True, slots=True)
class Traces:
    """What the tries of one change leave on the host."""

    built: set[Digest] = field(default_factory=set)  # content that was copied over the real name, or may have been
    kept: set[ModelName] = field(default_factory=set)  # temporary names that could not be removed


@dataclass(frozen=True, slots=True)
class Tools:
    """What the execution of a change works with."""

    host: Host
    sources: Sources
    transfers: Transfers
    listener: Listener
    clock: Clock
    stop: Event  # set once somebody wants the run to end
    journal: Callable[[Sequence[ModelName]], None]  # puts the names on record that are to be made and removed again
    made: Mapping[ModelName, Digest]  # what earlier changes of this run left on the host
    traces: Traces


@dataclass(frozen=True, slots=True)
class Done:
    """A change that was made, with its effect on our records."""

    effect: Recorded | Forget
    digest: Digest | None  # absent after a delete
    moved: int  # bytes


def execute(change: Change, tools: Tools) -> Done:
    """Make one change and return what came of it; raises ReconcilerError, with the old model still in place."""
    models = _models(tools)
    _still_fits(change, models.get(change.address.model), tools.traces)
    if change.action is Action.FORGET:
        return Done(Forget(change.address), None, 0)
    moved = _run(change, models, tools)
    if change.action is Action.DELETE:
        return Done(Forget(change.address), None, moved)
    assert change.after is not None
    live = _read_back(change.address.model, tools)
    _as_foretold(change.after, live, change.steps, tools)
    base = models.get(change.base) if change.base else None
    record = Recorded.of(change.after, live, base.digest if base else None, tools.clock.now())
    return Done(record, live.digest, moved)


def _still_fits(change: Change, live: Live | None, traces: Traces) -> None:
    """Refuse to act on a model that is neither what the plan saw nor what a first try has already made of it."""
    found = live.digest if live else None
    brought = found in traces.built or (change.after is not None and found in change.after.foretold)
    gone = found is None and change.action is Action.DELETE
    if found != change.before and not brought and not gone:
        seen, now = (digest.short if digest else "nothing" for digest in (change.before, found))
        raise StalePlan(f"the host has {now} here, the plan saw {seen}", hint="plan again", where=str(change.address))


def _base_still_fits(change: Change, base: ModelName, tools: Tools) -> None:
    """Refuse to build on a base that is neither what the plan saw nor what this run has made of it."""
    expected, live = tools.made.get(base, change.base_before), _models(tools).get(base)
    found = live.digest if live else None
    if found != expected:
        seen, now = (digest.short if digest else "nothing" for digest in (expected, found))
        raise StalePlan(f"its base {base} is {now} on the host, and was to be {seen}", hint="plan again")


def _run(change: Change, before: Mapping[ModelName, Live], tools: Tools) -> int:
    """Run the steps and return the bytes moved; after a failure, still remove what is only temporary."""
    moved = 0
    steps = [step for step in change.steps if not _needless(step, before)]
    tools.journal([step.name for step in steps if isinstance(step, Delete) and _temporary(step, change)])
    try:
        for step in steps:
            moved += _step(step, change, tools)
    except ReconcilerError:
        for step in steps:
            if _temporary(step, change):
                _clean(step, tools)
        raise
    return moved


def _temporary(step: Step, change: Change) -> bool:
    return isinstance(step, Delete) and change.action is not Action.DELETE


def _needless(step: Step, before: Mapping[ModelName, Live]) -> bool:
    """Tell whether a model that was there before spares us a pull, or forbids us to clean it away."""
    match step:
        case Pull(name=name, foretold=foretold):
            return name in before and before[name].digest in foretold
        case Delete(name=name, unless_there_before=True):
            return name in before
        case _:
            return False


def _clean(step: Step, tools: Tools) -> None:
    assert isinstance(step, Delete)
    try:
        tools.host.delete(step.name)
        tools.traces.kept.discard(step.name)
    except HostError as error:
        tools.traces.kept.add(step.name)
        tools.listener.event("warning", "leftover_kept", leftover=str(step.name), error=str(error))


def _step(step: Step, change: Change, tools: Tools) -> int:
    """Run one step and return the bytes that it moved."""
    moved = 0
    if change.address.model in written_names((step,)):
        _last_look(step, change, tools)
    match step:
        case Upload(blob=blob):
            moved = tools.transfers.wait(change.address.host, blob)
        case Pull() | Install():
            moved = _pull(step, change, tools)
        case Create():
            if change.base is not None:
                _base_still_fits(change, change.base, tools)
            _create(step, change, tools)
        case Copy(source=source, target=target):
            tools.host.copy(source, target)
        case Delete(name=name):
            tools.host.delete(name)
    tools.listener.finished(str(change.address))
    tools.listener.event("debug", "step_done", step=type(step).__name__.lower())
    return moved


def _last_look(step: Step, change: Change, tools: Tools) -> None:
    """Look once more right before a write to the real name: downloads and conversions may have taken hours."""
    models = _models(tools)
    _still_fits(change, models.get(change.address.model), tools.traces)
    if isinstance(step, Copy) and step.source in models:
        tools.traces.built.add(models[step.source].digest)


def _pull(step: Pull | Install, change: Change, tools: Tools) -> int:
    """Have the host pull, if the tag still means what the plan showed, or from us; return the bytes that it lacked."""
    if isinstance(step, Install):
        tools.host.install(step, lambda name: tools.journal([name]), _progress(change, tools))
        return 0
    assert change.after is not None
    _not_moved(change.after, step, tools)
    missing = sum(size for digest, size in step.layers if not tools.host.has_blob(digest))
    tools.host.pull(step, watching(tools.listener, str(change.address), tools.stop))
    return missing


def _progress(change: Change, tools: Tools) -> Progress:
    return partial(tools.listener.progress, str(change.address))


def _not_moved(made: Desired, step: Pull, tools: Tools) -> None:
    assert made.ref is not None
    pull = tools.sources(made.source).resolve(made.ref).pull
    if pull is None or pull.manifest != step.manifest:
        now = pull.manifest.short if pull else "nothing that can be pulled"
        raise StalePlan(
            f"{step.name} moved upstream since the plan was made: it was {step.manifest.short}, it is {now}",
            hint="plan again",
        )


def _create(step: Create, change: Change, tools: Tools) -> None:
    """Have the host make a model; what it lost since it was uploaded, as a restart does, is uploaded once more."""
    progress = _progress(change, tools)
    try:
        tools.host.create(step, progress)
    except HostRejected as error:
        if "no such file" not in error.message:
            raise
        for upload in change.steps:
            if isinstance(upload, Upload):
                tools.transfers.again(change.address.host, upload.blob)
        tools.host.create(step, progress)
    _check(step, tools)


def _check(step: Create, tools: Tools) -> None:
    """Believe a creation only after every declared field was read back."""
    wrong = unmet(step, tools.host.show(step.name))
    if wrong:
        names = ", ".join(field.path for field in wrong)
        raise HostRejected(
            f"the host reported success, but does not show what was asked for: {names}",
            hint="this version of Ollama may not know it",
        )


def _models(tools: Tools) -> dict[ModelName, Live]:
    return {live.address.model: live for live in tools.host.models()}


def _read_back(name: ModelName, tools: Tools) -> Live:
    """Return the model as the host lists and shows it now; raises HostRejected if it does not."""
    for attempt in range(READS):
        if attempt:
            tools.clock.sleep(PAUSE)
        live = _models(tools).get(name)
        if live is not None:
            return replace(live, facts=tools.host.show(name))
    raise HostRejected("the host reported success, but does not list the model", where=str(name))


def _as_foretold(made: Desired, live: Live, steps: tuple[Step, ...], tools: Tools) -> None:
    """Accept a digest that was not foretold only if the tag did not move: hosts before 0.19 rewrite manifests."""
    if made.foretold and live.digest not in made.foretold:
        for step in steps:
            if isinstance(step, Pull):
                _not_moved(made, step, tools)
        tools.listener.event("info", "digest_not_foretold", digest=live.digest.short)
