"""Whether a run is worth going on with."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec
from msgspec import Struct

from engine.learning.events import Measured, Measurement, Stepped
from engine.search.sentinel import CollapseSentinel, Observation, SentinelState
from engine.search.trials import Search


@dataclass(frozen=True)
class Verdict:
    """Why a run ends before its last step."""

    state: Literal["pruned", "collapsed"]
    reason: str


class Judge:
    """Judges a run that nobody ranks: it goes on to its end unless its loss is no number."""

    def __init__(self) -> None:
        self.verdict: Verdict | None = None

    def weigh_loss(self, event: Stepped) -> None:
        """Look at a step's loss."""
        if not math.isfinite(event.loss):
            self.verdict = Verdict("collapsed", f"loss became {event.loss} at step {event.step}")

    def weigh(self, event: Measured) -> None:
        """Look at what was measured."""

    def dump(self) -> str:
        """Return what must be known to go on judging after a restart, as JSON."""
        return ""

    def load(self, state: str) -> None:
        """Take over what ``dump`` returned."""


class _TrialState(Struct, frozen=True):
    reports: int
    sentinel: SentinelState


class TrialJudge(Judge):
    """Judges a trial: collapsed ones end at once, hopeless ones are pruned in later stages."""

    def __init__(self, search: Search, number: int, sequence: Sequence[str]) -> None:
        super().__init__()
        self._search = search
        self._number = number
        self._last_stage = len(sequence) - 1
        self._sentinel = CollapseSentinel(sequence)
        self._reports = 0

    def weigh(self, event: Measured) -> None:
        for item in event.measurements:
            collapsed = self._sentinel.watch(_observation(event, item))
            if collapsed:
                self.verdict = Verdict("collapsed", collapsed)
                return
        if event.stage > 0:
            self._report(event)

    def dump(self) -> str:
        state = _TrialState(reports=self._reports, sentinel=self._sentinel.state)
        return msgspec.json.encode(state).decode()

    def load(self, state: str) -> None:
        known = msgspec.json.decode(state, type=_TrialState)
        self._reports = known.reports
        self._sentinel.state = known.sentinel

    def _report(self, event: Measured) -> None:
        self._reports += 1
        p = followed_p(event)
        self._search.report(self._number, self._reports, p)
        at_its_end = event.stage == self._last_stage and event.fraction >= 1.0
        if not at_its_end and self._search.should_prune(self._number):
            reason = f"p {p:.3f} at step {event.step} was too far behind other trials"
            self.verdict = Verdict("pruned", reason)


def followed_p(event: Measured) -> float:
    """Return p on the retention rows: mean accuracy on earlier tasks, plus that on the new one."""
    followed = [item.accuracy for item in event.measurements if item.split == "retention"]
    *earlier, latest = followed
    return sum(earlier) / len(earlier) + latest


def _observation(event: Measured, item: Measurement) -> Observation:
    return Observation(
        stage=event.stage,
        step=event.step,
        done=event.fraction,
        task=item.task,
        predicted=item.predicted,
        loss=item.loss,
        whole=item.split != "retention",
    )
