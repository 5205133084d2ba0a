"""Reading a host around a change: whether it is still as the plan saw it, and whether it became what was asked for."""

from dataclasses import replace

from reconciler.core.change import Action, Change
from reconciler.core.names import ModelName
from reconciler.core.state import Desired, Live
from reconciler.core.steps import Copy, Create, Pull, Step
from reconciler.errors import HostRejected, StalePlan
from reconciler.workflow.tools import Tools, Traces
from reconciler.workflow.verify import unmet

READS = 5  # how often a model is looked for before it is believed to be absent: hosts write manifests in place
PAUSE = 0.2  # seconds between those readings
MOMENT = 0.15  # seconds that a list of models stays good, as long as nothing is written


def models(tools: Tools) -> dict[ModelName, Live]:
    """Return what the host lists, by name.

    What it listed a moment ago will do, for an answer is as old on a slow line; but nothing from before our turn.
    """
    within = min(MOMENT, tools.clock.monotonic() - tools.since)
    return {live.address.model: live for live in tools.host.models(within)}


def still_fits(change: Change, live: Live | None, traces: Traces) -> None:
    """Raise StalePlan for a model that is neither what the plan saw nor what a first try has already made of it."""
    found = live.digest if live else None
    brought = found in traces.built or (change.after is not None and found in change.after.foretold)
    gone = found is None and change.action is Action.DELETE
    if found != change.before and not brought and not gone:
        seen, now = (digest.short if digest else "nothing" for digest in (change.before, found))
        raise StalePlan(f"the host has {now} here, the plan saw {seen}", hint="plan again", where=str(change.address))


def base_still_fits(change: Change, base: ModelName, tools: Tools) -> None:
    """Raise StalePlan for a base that is neither what the plan saw nor what this run has made of it."""
    expected, live = tools.made.get(base, change.base_before), models(tools).get(base)
    found = live.digest if live else None
    if found != expected:
        seen, now = (digest.short if digest else "nothing" for digest in (expected, found))
        raise StalePlan(f"its base {base} is {now} on the host, and was to be {seen}", hint="plan again")


def last_look(step: Step, change: Change, tools: Tools) -> None:
    """Look once more right before a write to the real name: downloads and conversions may have taken hours."""
    found = models(tools)
    still_fits(change, found.get(change.address.model), tools.traces)
    if isinstance(step, Copy) and step.source in found:
        digest, traces = found[step.source].digest, tools.traces
        traces.built.add(digest)
        if step.source in traces.shown:
            traces.facts[digest] = traces.shown[step.source]


def not_moved(made: Desired, step: Pull, tools: Tools) -> None:
    """Raise StalePlan where the hub's tag does not mean any more what the plan showed."""
    assert made.ref is not None
    pull = tools.sources(made.source).resolve(made.ref).pull
    if pull is None or pull.manifest != step.manifest:
        now = pull.manifest.short if pull else "nothing that can be pulled"
        raise StalePlan(
            f"{step.name} moved upstream since the plan was made: it was {step.manifest.short}, it is {now}",
            hint="plan again",
        )


def shows_what_was_asked(step: Create, tools: Tools) -> None:
    """Believe a creation only after every declared field was read back; raises HostRejected."""
    tools.traces.shown[step.name] = shown = tools.host.show(step.name)
    wrong = unmet(step, shown)
    if wrong:
        names = ", ".join(field.path for field in wrong)
        raise HostRejected(
            f"the host reported success, but does not show what was asked for: {names}",
            hint="this version of Ollama may not know it",
        )


def read_back(change: Change, made: Desired, tools: Tools) -> Live:
    """Return the model as the host lists and shows it now; raises HostRejected if it does not."""
    live = _listed(change.address.model, tools)
    _as_foretold(made, live, change.steps, tools)
    return live


def _listed(name: ModelName, tools: Tools) -> Live:
    for attempt in range(READS):
        if attempt:
            tools.clock.sleep(PAUSE)
        live = models(tools).get(name)
        if live is not None:  # what has the same digest is shown the same: a large vocabulary takes a host 0.1 s
            known = tools.traces.facts.get(live.digest)
            return replace(live, facts=tools.host.show(name) if known is None else known)
    raise HostRejected("the host reported success, but does not list the model", where=str(name))


def _as_foretold(made: Desired, live: Live, steps: tuple[Step, ...], tools: Tools) -> None:
    """Accept a digest that was not foretold only if the tag did not move: hosts before 0.19 rewrite manifests."""
    if made.foretold and live.digest not in made.foretold:
        for step in steps:
            if isinstance(step, Pull):
                not_moved(made, step, tools)
        tools.listener.event("info", "digest_not_foretold", digest=live.digest.short)
