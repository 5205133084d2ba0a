"""Testing: a model that was made is asked what its manifest says, and believed only if it passes.

Without `rollback` it is asked once it is on record as untested, so that neither a wrong answer nor a crash can
hide from the next plan that its test is due. With `rollback` it is asked before it gets its name: the model that
was there before never stops answering, and there is nothing to put back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from reconciler.core.change import Action, Change, Reason
from reconciler.core.digest import fingerprint
from reconciler.core.names import ModelName
from reconciler.core.outcome import Outcome, Status
from reconciler.core.resource import ModelTest
from reconciler.core.state import Live, Recorded
from reconciler.core.steps import Copy, Delete, Pull, Step, staging_name
from reconciler.errors import HostError, HostTimeout, StalePlan, WrongAnswer
from reconciler.ports import Forget
from reconciler.workflow.reading import models, still_fits
from reconciler.workflow.tools import Tools, Traces

_TEXT = "test"  # what is embedded: any text gives as many dimensions
_SHOWN = 80  # characters of a prompt, an answer or an expectation that a message repeats
_STAYS = "it stays, and each apply asks it again"
_UNNAMED = "it did not get its name: what had it before is as it was"
_MAKES = frozenset({Action.CREATE, Action.UPDATE})


def must_pass(name: ModelName, change: Change, tools: Tools) -> None:
    """Ask the model with this name on the host what is declared for the change; raises WrongAnswer unless it passes."""
    test = _test(change)
    assert test is not None
    stays = _STAYS if name == change.address.model else _UNNAMED
    tools.listener.progress(str(change.address), "testing", 0, 0)
    try:
        wrong = _wrong(test, name, change, tools)
    except HostTimeout as error:
        raise WrongAnswer(f"its test failed: no answer within {test.timeout} s", hint=stays) from error
    except HostError as error:
        raise WrongAnswer(f"its test failed: {error.message}", hint=error.hint or stays) from error
    if wrong:
        raise WrongAnswer(f"its test failed: {wrong}", hint=stays)
    tools.traces.passed.add(models(tools)[name].digest)
    tools.listener.event("info", "test_passed", asked=str(name))


def must_pass_first(step: Step, change: Change, tools: Tools) -> None:
    """Ask what this step would give the model's name to, where the test is to decide that; raises WrongAnswer."""
    match step:
        case Copy(source=source, target=change.address.model) if source != _old(change) and _decides(change):
            must_pass(source, change, tools)
        case _:
            pass


def aside(steps: Sequence[Step], change: Change, before: Mapping[ModelName, Live]) -> tuple[Step, ...]:
    """Return the steps with what is pulled under the model's own name moved aside at once, to be tested there.

    What had the name until then gets it back first.
    """
    name, new, old = change.address.model, _new(change), _old(change)
    in_place = any(isinstance(step, Pull) and step.name == name for step in steps)
    if not in_place or not _decides(change):
        return tuple(steps)
    if name in before:
        back = (Copy(name, new), Copy(old, name), Copy(new, name), Delete(new), Delete(old))
        return (Copy(name, old), *steps, *back)
    return (*steps, Copy(name, new), Delete(name), Copy(new, name), Delete(new))


def put_back(steps: Sequence[Step], change: Change, before: Mapping[ModelName, Live], tools: Tools) -> None:
    """Give the name back to what had it, where a pull that was to be moved aside has left something else there."""
    if Delete(_new(change)) not in steps:
        return
    name, old = change.address.model, _old(change)
    try:
        now = models(tools)
        still_fits(change, now.get(name), tools.traces)
        if name not in before:
            tools.host.delete(name)
        elif old in now and now.get(name) != before[name]:
            tools.host.copy(old, name)
    except (HostError, StalePlan) as error:
        tools.listener.event("warning", "model_not_put_back", error=str(error))


def untested(change: Change, live: Live, traces: Traces) -> bool:
    """Tell whether what was made has yet to pass its test; what is only put on record is not asked."""
    asks = change.action in _MAKES or change.action is Action.TEST
    return asks and _test(change) is not None and live.digest not in traces.passed


def test_of(change: Change, effect: Recorded | Forget | None) -> Change | None:
    """Return the change that asks what a change has made; None where there is nothing to ask, or no more."""
    if change.action not in _MAKES or not isinstance(effect, Recorded) or not effect.untested:
        return None
    return Change(
        change.address, Action.TEST, (Reason.UNTESTED,), before=effect.digest, after=change.after, base=change.base
    )


def together(made: Outcome, asked: Outcome) -> Outcome:
    """Return what came of a change whose model was made and then asked: it is as good as its test."""
    seconds = round(made.seconds + asked.seconds, 3)
    if asked.status is Status.APPLIED:
        return replace(made, seconds=seconds)
    message = f"it was made, but {asked.message}"
    return replace(made, status=Status.FAILED, digest=None, message=message, hint=asked.hint, seconds=seconds)


def _wrong(test: ModelTest, name: ModelName, change: Change, tools: Tools) -> str:
    """Return what is wrong with the answer, or nothing.

    What is in memory now, under any name that may share its weights, is left there: others use it.
    """
    keep = not tools.host.loaded().isdisjoint({name, change.address.model, change.base})
    if test.dimensions is not None:
        found = tools.host.embed(name, _TEXT, test.timeout, keep=keep)
        return f"its embedding has {found} dimensions, not {test.dimensions}" if found != test.dimensions else ""
    answer = tools.host.ask(name, test.prompt, test.timeout, keep=keep)
    if test.expect in answer:
        return ""
    return f"asked {_short(test.prompt)}, it answered {_short(answer)}, without {_short(test.expect)}"


def _short(text: str) -> str:
    """Return the beginning of a text in quotes, with everything escaped that could steer a terminal."""
    return repr(text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…")


def _test(change: Change) -> ModelTest | None:
    return change.after.test if change.after is not None else None


def _decides(change: Change) -> bool:
    """Tell whether a model is to have its name only if it passes."""
    test = _test(change)
    return test is not None and test.rollback and change.action in _MAKES


def _new(change: Change) -> ModelName:
    """Return the name under which what was pulled in place waits for its test."""
    return staging_name(fingerprint(f"after {change.address}"))


def _old(change: Change) -> ModelName:
    """Return the name under which what was there is kept while another is pulled in its place."""
    return staging_name(fingerprint(f"before {change.address}"))
