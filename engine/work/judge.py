"""Whether a run is worth going on with."""

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

import msgspec
from msgspec import Struct

from engine.learning.events import Measured, Measurement, Planned, Stepped
from engine.learning.plan import StagePlan
from engine.search.collapse import CollapseSentinel, Look, Observation, SentinelState
from engine.search.trials import Search
from engine.spec import RunSpec
from engine.spec.protocol import SCORE_NAMES, warmup_steps
from engine.spec.search import PruningSees
from engine.work.patience import Patience


@dataclass(frozen=True)
class Verdict:
    """Why a run ends before its last step."""

    state: Literal["pruned", "collapsed"]
    reason: str


class Judge:
    """Judges a run that nobody ranks: it goes on to its end unless its loss is no number."""

    def __init__(self) -> None:
        self.verdict: Verdict | None = None

    def begin(self, event: Planned) -> None:
        """Look at the plan of the stages."""

    def weigh_loss(self, event: Stepped) -> None:
        """Look at a step's loss."""
        if event.loss is not None and not math.isfinite(event.loss):
            self.verdict = Verdict("collapsed", f"loss became {event.loss} at step {event.step}")

    def weigh(self, event: Measured, look: Look) -> None:
        """Look at what was measured, and where that is not enough, at more."""

    def would_end(self, event: Measured) -> bool:
        """Whether what was measured at a stage's end will end the run; nothing is remembered."""
        del event
        return False

    def dump(self) -> str:
        """Return what must be known to go on judging after a restart, as JSON."""
        return ""

    def load(self, state: str) -> None:
        """Take over what ``dump`` returned."""


class _TrialState(Struct, frozen=True):
    reports: int
    sentinel: SentinelState


class TrialJudge(Judge):
    """Judges a trial: collapsed ones end at once, hopeless ones are pruned.

    Args:
        search: where trials are compared.
        number: the trial's.
        spec: what it learns, and how.
        sees: which of its measurements it is compared by.
        patience: waits where the trials cannot be reached.
    """

    def __init__(
        self,
        search: Search,
        number: int,
        spec: RunSpec,
        sees: PruningSees,
        patience: Patience,
    ) -> None:
        super().__init__()
        self._search = search
        self._number = number
        self._last_stage = len(spec.sequence) - 1
        self._warmup = spec.protocol.warmup
        self._sees = sees
        self._patience = patience
        self._stages: tuple[StagePlan, ...] = ()
        self._epoch_ends: Collection[int] = ()
        self._scored_by = SCORE_NAMES[spec.protocol.score]
        self._sequence = spec.sequence
        self._sentinel = CollapseSentinel(spec.sequence)
        self._reports = 0

    def begin(self, event: Planned) -> None:
        self._stages = event.stages
        first = event.stages[0]
        self._epoch_ends = range(first.steps_per_epoch, first.steps + 1, first.steps_per_epoch)

    def weigh(self, event: Measured, look: Look) -> None:
        collapsed = self._collapse(event, self._sentinel, look)
        if collapsed:
            self.verdict = Verdict("collapsed", collapsed)
            return
        score = self._score(event)
        if score is not None:
            self._report(event, score)

    def would_end(self, event: Measured) -> bool:
        sentinel = CollapseSentinel(self._sequence, self._sentinel.state)
        # at a stage's end all rows were looked at
        return self._collapse(event, sentinel, lambda _: ()) is not None

    def dump(self) -> str:
        state = _TrialState(reports=self._reports, sentinel=self._sentinel.state)
        return msgspec.json.encode(state).decode()

    def load(self, state: str) -> None:
        known = msgspec.json.decode(state, type=_TrialState)
        self._reports = known.reports
        self._sentinel.state = known.sentinel

    def _collapse(self, event: Measured, sentinel: CollapseSentinel, look: Look) -> str | None:
        for item in event.measurements:
            if item.split == "validation":  # for the report alone
                continue
            collapsed = sentinel.watch(self._observation(event, item), look)
            if collapsed:
                return collapsed
        return None

    def _score(self, event: Measured) -> float | None:
        """Return what the trial is compared by now; None: not by this."""
        if self._sees == "later-stages":
            return followed_p(event) if event.stage > 0 else None
        if event.stage == 0:
            return followed_half(event) if event.step in self._epoch_ends else None
        return followed_p(event) if self._is_end(event) else None

    def _report(self, event: Measured, score: float) -> None:
        self._reports = self._next_report(event)
        self._patience.call(lambda: self._search.report(self._number, self._reports, score))
        if self._is_end(event):
            return
        if self._patience.call(lambda: self._search.should_prune(self._number)):
            what = "p" if event.stage > 0 else f"half its {self._scored_by},"
            reason = f"{what} {score:.3f} at step {event.step} was too far behind other trials"
            self.verdict = Verdict("pruned", reason)

    def _next_report(self, event: Measured) -> int:
        """Return which report this is: where measurements are left out, so are their numbers."""
        if self._sees == "first-stage":
            return self._reports + 1
        before = sum(plan.measures for plan in self._stages[1 : event.stage])
        plan = self._stages[event.stage]
        return before + plan.due_by(event.step - plan.first_step)

    def _observation(self, event: Measured, item: Measurement) -> Observation:
        plan = self._stages[event.stage]
        return Observation(
            stage=event.stage,
            step=event.step,
            done=event.fraction,
            warm_steps=event.step - plan.first_step - warmup_steps(plan.steps, self._warmup),
            task=item.task,
            predicted=item.predicted,
            loss=item.loss,
            whole=item.split == "search",
        )

    def _is_end(self, event: Measured) -> bool:
        return event.stage == self._last_stage and event.fraction >= 1.0


def followed_p(event: Measured) -> float:
    """Return p on the retention rows: mean score on earlier tasks, plus that on the new one."""
    *earlier, latest = _followed(event)
    return sum(earlier) / len(earlier) + latest


def followed_half(event: Measured) -> float:
    """Return half of the score on the first task: its share of p, while it is learnt alone."""
    return _followed(event)[0] / 2


def _followed(event: Measured) -> list[float]:
    return [item.scored for item in event.measurements if item.split == "retention"]
