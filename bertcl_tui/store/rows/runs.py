"""A run: in a list, in full, and what was measured while it went on."""

from typing import TYPE_CHECKING

from msgspec import Struct

from bertcl_tui.store.rows.states import Split, TrialState
from bertcl_tui.store.rows.trials import Confirmation
from engine.store.states import Desired

if TYPE_CHECKING:
    from engine.spec import RunSpec


class RunRow(Struct, frozen=True, kw_only=True):
    """A run of the arena that is not ended."""

    run_id: int
    state: TrialState
    desired: Desired
    step: int
    steps: int | None
    rate: float | None
    tokens_rate: float | None

    @property
    def share(self) -> float:
        """How much of it is done."""
        return self.step / self.steps if self.steps else 0.0


class Stage(Struct, frozen=True, kw_only=True):
    """Where the learning of one task lies in a run; steps are counted over all stages."""

    task: str
    first_step: int
    last_step: int


class Curve(Struct, frozen=True, kw_only=True):
    """Accuracy on one task of the sequence, from the stage that learns it on."""

    task: int
    """Its place in the sequence."""
    steps: tuple[int, ...]
    accuracies: tuple[float, ...]


class RunCurves(Struct, frozen=True, kw_only=True):
    """What was measured while a run went on."""

    run_id: int
    number: int | None
    stages: tuple[Stage, ...]
    curves: tuple[Curve, ...]
    """By task."""


class RunFacts(Struct, frozen=True, kw_only=True):
    """One run in full, a trial of a study or not."""

    run_id: int
    study_id: int | None
    study: str | None
    """None: no study asked for it."""
    number: int | None
    label: str | None
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
    threads: int | None
    holder: str | None
    """Device and process of the worker that has it; None: none has."""
    created_at: float
    started_at: float | None
    finished_at: float | None
    imported: bool
    confirmation: Confirmation | None
    """None: it is no trial, or was not run again."""

    @property
    def name(self) -> str:
        """What people call it."""
        return f"run {self.run_id}" if self.number is None else f"#{self.number}"


class StageEnd(Struct, frozen=True, kw_only=True):
    """How the tasks learnt so far were known on a split when a stage was over."""

    stage: int
    split: Split
    accuracies: tuple[float, ...]
    """By task."""
