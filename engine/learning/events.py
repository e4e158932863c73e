"""What a learner says while it learns, in the order it happens."""

from collections.abc import Callable
from dataclasses import dataclass, field

from engine.learning.confusion import Confusion
from engine.learning.plan import Rows, Split, StagePlan

Between = Callable[[], None]
"""Called between two parts of what takes long; what it raises ends that there."""


def go_on() -> None:
    """Let what takes long come to its end."""


@dataclass(frozen=True)
class Planned:
    """The stages are known; said once, before the first step."""

    stages: tuple[StagePlan, ...]


@dataclass(frozen=True)
class Measurement:
    """How one task of the sequence is known, on one split."""

    task: int
    split: Split
    accuracy: float
    loss: float
    predicted: tuple[int, ...]
    """How many rows were given each class."""
    macro_f1: float | None = None
    """None: it was measured by a version that did not."""
    score: float | None = None
    """What p is made of, where that is not the accuracy."""
    confusion: Confusion | None = None
    """Of all rows that score trials, at the end of a stage. None: of others, or it was measured by
    a version that did not count."""

    @property
    def scored(self) -> float:
        """What p is made of."""
        return self.accuracy if self.score is None else self.score


@dataclass(frozen=True)
class LayerDrift:
    """How far a layer is from where the run began: norm of the change over the beginning's."""

    place: int
    """0: embeddings; 1..n: layers; n + 1: heads."""
    layer: str
    drift: float


@dataclass(frozen=True)
class Probe:
    """How well a linear classifier that is fitted anew on the encoder as it is knows a task."""

    task: int
    rows: int
    """Training rows that it was fitted on."""
    score: float
    """Of the rows that score trials; what p is made of."""


@dataclass(frozen=True)
class Measured:
    """Every task learnt so far was measured after ``step`` (over all stages)."""

    stage: int
    step: int
    fraction: float
    """Share of the stage that is done; 1 at its end, where the whole splits are measured."""
    measurements: tuple[Measurement, ...]
    drift: tuple[LayerDrift, ...] = ()
    """Of every layer from the embeddings up, at the end of the stage."""
    probes: tuple[Probe, ...] = ()
    """Of the tasks that were measured, at the end of the stage; where the protocol has any."""
    seconds: float = field(default=0.0, compare=False)
    """What measuring took."""


@dataclass(frozen=True)
class Trace:
    """What a step, and those since the last one that was looked at, did."""

    step: int
    """Over all stages."""
    loss: float | None
    """Mean of these steps; None: it is no number."""
    ratios: tuple[float | None, ...]
    """log10 of |update| / |weight| in the step, as norms: of the embeddings, each layer, the heads.
    None: it does not learn."""


@dataclass(frozen=True)
class Stepped:
    """One step was taken; a checkpoint may be written now."""

    stage: int
    step: int
    loss: float | None
    """None: not read yet. Of the losses since the last one that was, the first that is no number,
    or where all are, this step's."""
    tokens: int
    """Learnt from in it, without padding."""
    seconds: float = field(default=0.0, compare=False)
    """What the step took."""
    products: float = field(default=0.0, compare=False)
    """Floating-point operations of the matrix products that it needs; see ``Products``."""
    traces: tuple[Trace, ...] = field(default=(), compare=False)
    """Read since the last one; see ``StepTrace``."""


Event = Planned | Measured | Stepped


@dataclass(frozen=True)
class Wanted:
    """A learner's next step, which whoever drives it takes, alone or with other learners' steps."""

    stage: int
    step: int
    """Of the stage, from 1."""
    rows: Rows
    """Their numbers in the stage's pool."""


@dataclass(frozen=True)
class Taken:
    """What is said to a learner of the step that it wanted."""

    loss: float | None
    """None: not read yet, as ``Stepped`` says."""
    seconds: float = 0.0
    """The step's, or a learner's share of those of a step that several took together."""
