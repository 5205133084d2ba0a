"""The rounds of a watch: each reads everything anew, and none takes the process down with it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import click

from reconciler.cli import output
from reconciler.cli.complaints import status_for
from reconciler.cli.exit_codes import DONE, ERROR, PENDING, SIGNALLED, status_of_plan
from reconciler.cli.heartbeat import BEAT, Heartbeat
from reconciler.cli.listening import lines
from reconciler.cli.question import Question
from reconciler.cli.rounds import Round
from reconciler.cli.running import Manner, carry_out
from reconciler.cli.settings import Settings
from reconciler.cli.signals import Alarm
from reconciler.cli.telling import telling
from reconciler.cli.wiring import Proposal, open_store, propose_for
from reconciler.core.change import Action
from reconciler.core.pace import Memory, Pace, held_back, remembered
from reconciler.core.plan import Plan
from reconciler.errors import LeaseHeld, ReconcilerError, SettingsError, StalePlan
from reconciler.ports import Clock
from reconciler.workflow.loop import Ended
from reconciler.workflow.news import with_news
from reconciler.workflow.telling import tell_pending

_STATES = {DONE: "ok", PENDING: "pending"}


@dataclass
class Patrol:
    """A Watcher that plans, and applies where that is approved."""

    settings: Settings
    question: Question
    approved: bool
    manner: Manner
    pace: Pace
    alarm: Alarm
    clock: Clock
    heart: Heartbeat
    metrics_file: Path | None = None
    status: int = DONE  # what to exit with
    shown: object = field(default=None)  # what the plan said that was shown last
    looked: bool = False

    def look(self, memory: Memory) -> Ended:
        """Do one round; what is wrong with it is told and ends nothing, but for wrong usage from the start."""
        made = Round(
            self.settings, "watch", self.clock, metrics_file=self.metrics_file, over=self.heart.over, always=True
        )
        self.heart.beat(state="working")
        context = click.get_current_context()
        try:
            with click.Context(context.command, parent=context, obj=self.settings), telling(made):
                ended = self._round(made, memory)
        except (ReconcilerError, click.UsageError, click.exceptions.Exit) as error:
            if not self.looked and isinstance(error, SettingsError | click.UsageError):
                raise
            made.status = status_for(error)
            ended = Ended(memory, _may_pass(error))
        self._ended(made)
        return ended

    def rest(self, seconds: float, faults: int) -> bool:
        """Wait until it is time for the next round, or somebody rings."""
        log = lines(self.settings, self.clock)
        log.event("info" if faults else "debug", "next_round", after_seconds=round(seconds, 1), faults_in_a_row=faults)
        until = datetime.fromisoformat(self.clock.now()) + timedelta(seconds=seconds)
        self.heart.beat(next_round=until.isoformat(timespec="seconds").replace("+00:00", "Z"))
        end = self.clock.monotonic() + seconds
        while not self.is_over() and (left := end - self.clock.monotonic()) > 0:
            if self.alarm.rest(min(left, BEAT)):
                log.event("info", "looking_anew")
                return True
            self.heart.due()
        return False

    def is_over(self) -> bool:
        """Tell whether a signal asked for the end."""
        return self.alarm.is_set()

    def _round(self, made: Round, memory: Memory) -> Ended:
        store = open_store(self.settings)
        with made.phase("plan"), self.alarm.with_nothing_in_hand():
            made.proposal = proposal = propose_for(self.question, self.settings, store)
        made.plan = plan = proposal.plan
        self.heart.begun()
        if self.is_over():
            raise click.exceptions.Exit(self.alarm.status)
        self._show(plan, proposal, made)
        if not self.approved:
            made.status = status_of_plan(plan, detailed=True)
            return Ended({}, passing=not plan.complete)
        made.held = held = held_back(plan, memory, self.clock.monotonic())
        result = carry_out(plan.without(held) if held else plan, proposal, store, made, self.manner)
        if held and made.status == DONE:
            made.status = ERROR
        left = remembered(memory, plan, result, self.pace, self.clock.monotonic())
        self._tell_held(made, left, memory)
        return Ended(left, passing=not plan.complete or any(outcome.passing for outcome in result.outcomes))

    def _show(self, plan: Plan, proposal: Proposal, made: Round) -> None:
        """Show a plan that says something else than the last: as text, or what is pending as lines of the log."""
        told = [change for change in plan.changes if change.pending or change.action is Action.REFUSE]
        shown = ([(change.address, plan.mark(change), change.note) for change in told], plan.unobserved)
        if shown == self.shown:
            return
        self.shown = shown
        if self.settings.log_format == "text":
            news = with_news(plan, proposal.world.recorded, proposal.world.sources)
            click.echo(output.plan(news, self.settings, "text"), nl=False)
        elif not self.approved:
            log = lines(self.settings, self.clock, made.secrets).bind(run=made.run)
            for change in told:
                tell_pending(log, plan, change)

    def _tell_held(self, made: Round, left: Memory, before: Memory) -> None:
        """Say of each change that has failed just now how long it is left alone."""
        log = lines(self.settings, self.clock, made.secrets).bind(run=made.run)
        for address, failure in left.items():
            if failure != before.get(address):
                facts = {"after_seconds": round(self.pace.patience(failure.times)), "failures_in_a_row": failure.times}
                hint = "a change of its manifest or of the host, or SIGHUP, has it tried at once"
                log.event(
                    "warning", "change_held_back", host=address.host, model=str(address.model), **facts, hint=hint
                )

    def _ended(self, made: Round) -> None:
        """Keep how it ended: only a run that was cut short is worth an exit status of its own."""
        self.looked = True
        self.heart.begun()
        cut = made.result is not None and made.status >= SIGNALLED
        self.status = made.status if cut else DONE
        state = _STATES.get(made.status, "failing")
        success = {"last_success": self.clock.now()} if made.status in _STATES else {}
        self.heart.beat(state=state, exit_code=made.status, last_round=self.clock.now(), **success)


def _may_pass(error: Exception) -> bool:
    """Tell whether a round that came to nothing is worth another one soon."""
    return isinstance(error, LeaseHeld | StalePlan) or (isinstance(error, ReconcilerError) and error.retryable)
