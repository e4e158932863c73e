"""A study in a list."""

from typing import TYPE_CHECKING

from msgspec import Struct

from bertcl_tui.store.rows.trials import StudyState, TrialState
from engine.store.states import ENDED, Desired

if TYPE_CHECKING:
    from engine.spec.search import Spending


class Best(Struct, frozen=True, kw_only=True):
    """The best complete trial of a study."""

    number: int
    p: float
    p_o: float
    p_s: float


class StudyRow(Struct, frozen=True, kw_only=True):
    """A study in a list."""

    id: int
    name: str
    sequence: str
    model: str
    preset: str
    grouping: str
    """Which layers share a rate, by the protocol: ``paper`` or ``original-code``."""
    retention_rows: int
    """Most rows of a task that its curves are measured on."""
    origin: str
    state: StudyState
    desired: Desired
    reason: str | None
    counts: dict[TrialState, int]
    """Trials by state; a state that no trial is in has no key."""
    target: int
    """Most trials that it may have."""
    spending: "Spending | None"
    """None: it has no budget besides its target."""
    best: Best | None
    climb: tuple[tuple[int, float], ...]
    """Number and p of every trial that was better than all with a lower number."""
    rate: float | None
    """Steps per second over all its running trials."""
    tokens_rate: float | None
    """Tokens per second, likewise."""
    eta: float | None
    """Seconds until the last trial ends, as far as can be told."""
    created_at: float

    @property
    def waits(self) -> bool:
        """Whether it is wanted but nobody works on it."""
        return self.state in {"queued", "lost"}

    @property
    def ended(self) -> int:
        """Trials that will not go on, whatever became of them."""
        return sum(count for state, count in self.counts.items() if state in ENDED)
