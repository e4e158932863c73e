"""States, trials and runs: in a table, in full, and as points in a chart."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Literal

from msgspec import Struct

from engine.store.states import Desired, RunState

if TYPE_CHECKING:
    from engine.spec import RunSpec
    from engine.spec.protocol import Score
    from engine.spec.search import Evaluator
    from engine.store.measurements import Spent

Split = Literal["retention", "search", "validation"]
_KINDS: Final = ("flat", "llrd")
"""Methods whose rates are a profile too, and by which a study begins."""

StudyState = Literal[
    "queued", "running", "paused", "stalled", "lost", "complete", "stopped", "failed"
]
TrialState = Literal[
    "queued",
    "running",
    "paused",
    "stalled",
    "lost",
    "complete",
    "pruned",
    "collapsed",
    "stopped",
    "failed",
]


def score_name(score: "Score") -> str:
    """Return what people call that of which p is made."""
    from engine.spec.protocol import SCORE_NAMES  # the first frame needs no protocol

    return SCORE_NAMES[score]


class Order(Struct, frozen=True):
    """By what trials or studies are sorted; one without a value comes last."""

    field: str
    """Of trials: a column of the table of runs, a rate (``lr3``), ``confirmed`` or ``mean_p``."""
    descending: bool


OLDEST_FIRST: Final = Order("created_at", descending=False)
BY_P: Final = Order("p", descending=True)


class Confirmation(Struct, frozen=True, kw_only=True):
    """What became of a trial that was run with several seeds."""

    scores: tuple[tuple[int, float], ...]
    """Seed and p of every run that is complete."""
    half_width: float | None
    """Of the 95 % interval of their mean; None with fewer than two."""
    others: tuple[tuple[RunState, int], ...]
    """How many runs are in each other state that some are in."""

    @property
    def p(self) -> float | None:
        """The mean; None: no run is complete."""
        from statistics import fmean

        return fmean(p for _, p in self.scores) if self.scores else None


class Repeat(Struct, frozen=True, kw_only=True):
    """A complete run of a trial's rates with another seed: it raced, or was confirmed."""

    run_id: int
    seed: int


class TrialRow(Struct, frozen=True, kw_only=True):
    """A trial in a table."""

    run_id: int
    number: int
    label: str | None
    method: str = ""
    """Of the study: in a search for profiles all trials carry one, flat ones too."""
    note: str | None = None
    """What a person says of it."""
    marked: int | None = None
    """1: a person chose it."""
    state: TrialState
    desired: Desired
    reason: str | None
    p: float | None
    p_o: float | None
    p_s: float | None
    p_o_before: float | None = None
    """Of the earlier tasks, each after its own stage; None: not measured."""
    forgetting: float | None = None
    """Mean fall from each earlier task's best before the last stage; below 0 where it was won."""
    reported_p: float | None = None
    """On the validation split; None: not measured, as all below."""
    reported_p_o: float | None = None
    reported_p_s: float | None = None
    learning_rates: tuple[float, ...]
    seed: int = 0
    attempts: int = 0
    """Workers that were lost at the same step."""
    created_at: float = 0.0
    started_at: float | None = None
    finished_at: float | None = None
    step: int
    steps: int | None
    rate: float | None
    tokens_rate: float | None
    busy_seconds: float
    confirmation: Confirmation | None = None
    """With fresh seeds; None: it was not confirmed."""
    raced: Confirmation | None = None
    """With its own seed and others while the study went on; None: it has not raced."""

    @property
    def kind(self) -> str:
        """The method that its rates are of: a flat profile is flat, whoever carries it."""
        word = (self.label or "").partition(" ")[0]
        return word if word in _KINDS else self.method

    @property
    def bwt(self) -> float | None:
        """Backward transfer: what p_o is at the end over what it was; below 0 where it was lost."""
        if self.p_o is None or self.p_o_before is None:
            return None
        return self.p_o - self.p_o_before

    @property
    def mean_p(self) -> float | None:
        """The mean p over its seeds, fresh ones not among them."""
        return self.p if self.raced is None else self.raced.p

    @property
    def seeds(self) -> int:
        """With how many of them it is complete."""
        return int(self.p is not None) if self.raced is None else len(self.raced.scores)

    @property
    def confirmed_p(self) -> float | None:
        """The mean p with fresh seeds."""
        return None if self.confirmation is None else self.confirmation.p

    @property
    def confirmed_seeds(self) -> int:
        """With how many fresh seeds it is complete."""
        return 0 if self.confirmation is None else len(self.confirmation.scores)


class TrialWindow(Struct, frozen=True, kw_only=True):
    """The first trials of an order, and how many there are besides."""

    rows: tuple[TrialRow, ...]
    matching: int
    total: int


class Ordered(Struct, frozen=True, kw_only=True):
    """The numbers of all trials of a study that fit, in their order."""

    unfinished: Sequence[int]
    """Those come first."""
    ended: Sequence[int]
    stamp: tuple[object, ...]
    """Is the same as long as the ended ones are."""

    @property
    def numbers(self) -> Sequence[int]:
        """All of them."""
        return [*self.unfinished, *self.ended]


class Ending(Struct, frozen=True):
    """When a trial ended."""

    at: float
    """In seconds since 1970."""
    number: int


class Scored(Struct, frozen=True, kw_only=True):
    """A complete trial as a point in a chart; a run of elsewhere that trials are held against."""

    run_id: int
    number: int
    label: str | None
    p: float
    p_o: float
    p_s: float
    learning_rates: tuple[float, ...]
    of: str = ""
    """Whose it is: another study's name, or the arena; empty: it is a trial of the study."""


class ImportanceRow(Struct, frozen=True, kw_only=True):
    """What matters in a study, as it was last weighed."""

    evaluator: "Evaluator"
    trials: int
    """Complete ones that there were."""
    weighed: int
    """How many of these it was weighed from."""
    shares: tuple[float, ...]
    """One per choice, in sum 1."""


class RunRow(Struct, frozen=True, kw_only=True):
    """A run of the arena that is not ended."""

    run_id: int
    state: TrialState
    desired: Desired
    step: int
    steps: int | None
    rate: float | None
    tokens_rate: float | None
    reason: str | None = None
    """Why it was given back, or why nobody has begun it."""

    @property
    def share(self) -> float:
        """How much of it is done."""
        return self.step / self.steps if self.steps else 0.0


class Stage(Struct, frozen=True, kw_only=True):
    """Where the learning of one task lies in a run; steps are counted over all stages."""

    task: str
    first_step: int
    last_step: int
    followed: int | None = None
    """Most rows of a task that its curves are on; None: not known."""


class Curve(Struct, frozen=True, kw_only=True):
    """What one task of the sequence scores, from the stage that learns it on."""

    task: int
    """Its place in the sequence."""
    steps: tuple[int, ...]
    accuracies: tuple[float, ...]
    ends: tuple[tuple[int, float], ...] = ()
    """Step and score at the ends of stages, on all rows that score the run; a curve is on few."""


class RunCurves(Struct, frozen=True, kw_only=True):
    """What was measured while a run went on."""

    run_id: int
    number: int | None
    stages: tuple[Stage, ...]
    curves: tuple[Curve, ...]
    """By task."""
    score: "Score" = "accuracy"
    """What they are of."""

    @property
    def followed(self) -> int | None:
        """Most rows of a task that the curves are on; None: not known."""
        return max((each.followed for each in self.stages if each.followed), default=None)


class RunFacts(Struct, frozen=True, kw_only=True):
    """One run in full, a trial of a study or not."""

    run_id: int
    study_id: int | None
    study: str | None
    """None: no study asked for it."""
    number: int | None
    label: str | None
    note: str | None = None
    """What a person says of it."""
    spec: "RunSpec"
    state: TrialState
    desired: Desired
    reason: str | None
    p: float | None
    p_o: float | None
    p_s: float | None
    learning_rates: tuple[float, ...]
    step: int
    steps: int | None
    rate: float | None
    tokens_rate: float | None
    busy_seconds: float
    spent: "Spent | None" = None
    """Where its time went; None: not measured."""
    threads: int | None
    holder: str | None
    """Device and process of the worker that has it; None: none has."""
    created_at: float
    started_at: float | None
    finished_at: float | None
    imported: bool
    confirmation: Confirmation | None
    """None: it is no trial, or was not confirmed."""
    raced: Confirmation | None = None
    """None: it is no trial, or has not raced."""
    followed: int | None = None
    """Most rows of a task that its curves are on; None: not known, as before it has begun."""

    @property
    def name(self) -> str:
        """What people call it."""
        from engine.spec import run_name

        return run_name(self.run_id, self.study_id, self.number, self.label)
