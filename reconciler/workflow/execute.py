"""Execution of one change on one host: the plan's own steps, then a reading that proves them."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from reconciler.core.change import Action, Change
from reconciler.core.digest import Digest
from reconciler.core.frozen import dataclass
from reconciler.core.names import ModelName
from reconciler.core.parts import with_merged
from reconciler.core.state import Live, Recorded
from reconciler.core.steps import (
    Copy,
    Create,
    Delete,
    Install,
    Pull,
    Step,
    Upload,
    uploads_of,
    with_digests,
    written_names,
)
from reconciler.errors import HostError, HostRejected, LayerLost, ReconcilerError
from reconciler.ports import Forget
from reconciler.workflow.reading import (
    base_still_fits,
    last_look,
    models,
    not_moved,
    read_back,
    shows_what_was_asked,
    still_fits,
)
from reconciler.workflow.testing import aside, must_pass, must_pass_first, put_back, untested
from reconciler.workflow.tools import Tools
from reconciler.workflow.watching import watching


@dataclass(frozen=True, slots=True)
class Done:
    """A change that was made, with its effect on our records."""

    effect: Recorded | Forget
    digest: Digest | None  # absent after a delete
    moved: int  # bytes


def execute(change: Change, tools: Tools) -> Done:
    """Make one change and return what came of it; raises ReconcilerError, with the old model still in place."""
    found = models(tools)
    still_fits(change, found.get(change.address.model), tools.traces)
    if change.action is Action.FORGET:
        return Done(Forget(change.address), None, 0)
    moved = _run(change, found, tools)
    if change.action is Action.DELETE:
        return Done(Forget(change.address), None, moved)
    assert change.after is not None
    if change.action is Action.TEST:
        must_pass(change.address.model, change, tools)
    live = read_back(change, change.after, tools)
    base = found.get(change.base) if change.base else None
    made = with_merged(change.after, tools.transfers.sent)
    record = Recorded.of(made, live, base.digest if base else None, tools.clock.now())
    return Done(replace(record, untested=untested(change, live, tools.traces)), live.digest, moved)


def _run(change: Change, before: Mapping[ModelName, Live], tools: Tools) -> int:
    """Run the steps and return the bytes moved; whatever comes of them, what is only temporary is removed."""
    moved, kept = 0, tools.traces.kept
    steps = aside([step for step in change.steps if not _needless(step, before)], change, before)
    temporary = [step.name for step in steps if isinstance(step, Delete) and step.name != change.address.model]
    tools.journal(temporary)
    try:
        for step in steps:
            must_pass_first(step, change, tools)
            moved += _step(step, change, tools)
    except ReconcilerError:
        put_back(steps, change, before, tools)
        kept.update(temporary)
        raise
    finally:
        for name in sorted(kept):
            _clean(name, tools)
    return moved


def _needless(step: Step, before: Mapping[ModelName, Live]) -> bool:
    """Tell whether a model that was there before spares us a pull, or forbids us to clean it away."""
    match step:
        case Pull(name=name, foretold=foretold):
            return name in before and before[name].digest in foretold
        case Delete(name=name, unless_there_before=True):
            return name in before
        case _:
            return False


def _clean(name: ModelName, tools: Tools) -> None:
    try:
        tools.host.delete(name)
        tools.traces.kept.discard(name)
    except HostError as error:
        tools.listener.event("warning", "leftover_kept", leftover=str(name), error=str(error))


def _step(step: Step, change: Change, tools: Tools) -> int:
    """Run one step and return the bytes that it moved."""
    moved, kind = 0, type(step).__name__.lower()
    tools.listener.event("debug", "step_started", step=kind)
    if change.address.model in written_names((step,)):
        last_look(step, change, tools)
    match step:
        case Upload(blob=blob):
            moved = tools.transfers.wait(change.address.host, blob)
        case Pull():
            moved = _pull(step, change, tools)
        case Install():
            moved = _with_blobs(partial(_install, step, change, tools), change, tools)
        case Create():
            moved = _create(step, change, tools)
        case Copy():
            _copy(step, change, tools)
        case Delete(name=name):
            tools.host.delete(name)
    tools.listener.finished(str(change.address))
    tools.listener.event("debug", "step_done", step=kind, bytes=moved)
    return moved


def _copy(step: Copy, change: Change, tools: Tools) -> None:
    """Copy; what was pulled in place and is moved aside is ours, whatever digest the host gave it."""
    tools.host.copy(step.source, step.target)
    if step.source == change.address.model:
        tools.traces.built.add(models(tools)[step.target].digest)


def _pull(step: Pull, change: Change, tools: Tools) -> int:
    """Have the host pull, if the tag still means what the plan showed, and return the bytes that it lacked."""
    assert change.after is not None
    not_moved(change.after, step, tools)
    ours = {blob.digest for blob in uploads_of(change.steps)}
    missing = sum(size for digest, size in step.layers if digest not in ours and not tools.host.has_blob(digest))
    return missing + _with_blobs(partial(_pull_relayed, step, change, tools), change, tools)


def _pull_relayed(step: Pull, change: Change, tools: Tools) -> None:
    """Have the host pull; where it lacks a layer that we brought, that is why it failed, whatever it says."""
    try:
        tools.host.pull(step, watching(tools.listener, str(change.address), tools.stop))
    except HostRejected as error:
        if all(tools.host.has_blob(blob.held_as) for blob in uploads_of(change.steps)):
            raise
        raise LayerLost(error.message, status=error.status, hint=error.hint, where=error.where) from error


def _install(step: Install, change: Change, tools: Tools) -> None:
    """Have the host pull from us; the name that it does so under is on the journal before the host learns it."""
    announced: set[ModelName] = set()

    def announce(name: ModelName) -> None:
        tools.journal([name])
        tools.traces.kept.add(name)
        announced.add(name)

    tools.host.install(step, announce, watching(tools.listener, str(change.address), tools.stop))
    tools.traces.kept.difference_update(announced)


def _create(step: Create, change: Change, tools: Tools) -> int:
    """Have the host make a model, believe it only after it was read back, and return the bytes brought once more."""
    if change.base is not None:
        base_still_fits(change, change.base, tools)
    progress = partial(tools.listener.progress, str(change.address))
    step = with_digests(step, tools.transfers.sent)
    moved = _with_blobs(partial(tools.host.create, step, progress), change, tools)
    shows_what_was_asked(step, tools)
    return moved


def _with_blobs(make: Callable[[], None], change: Change, tools: Tools) -> int:
    """Have the host make a model; what it has lost since, as a restart does, is brought once more.

    Returns the bytes that this took.
    """
    try:
        make()
    except LayerLost:
        moved = sum(tools.transfers.again(change.address.host, blob) for blob in uploads_of(change.steps))
        make()
        return moved
    return 0
