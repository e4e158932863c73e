"""What a profile scored in the arena, wherever in a table its rates stand."""

from collections.abc import Iterable, Iterator, Sequence
from math import isclose
from typing import Final

from msgspec import Struct

from engine.arena.entrants import Entrant, headline_reference
from engine.arena.headline import Effect, make_headline
from engine.arena.recorded import Recorded
from engine.arena.results import CellRuns
from engine.spec import RunSpec

_ALIKE: Final = 1e-6
"""By how much of a rate two may differ that are the same but for rounding."""


class ProfileScore(Struct, frozen=True, kw_only=True):
    """What became of the runs with a profile's rates in one setting."""

    reference: str
    """The title of the row that it is compared with; nothing: there is none."""
    effect: Effect | None
    """By how much it is better; None: no sequence has both."""
    complete: int
    runs: int
    """How many there are, complete or not."""


def score_of_profile(
    recorded: Iterable[Recorded], rates: Sequence[float], first_lr: float | None
) -> ProfileScore | None:
    """Return what these rates came to where they were run on most sequences; None: nowhere.

    Args:
        recorded: what the arena has, by setting.
        rates: one per choice.
        first_lr: of stage 1, where the rates are for later stages alone.
    """
    found = [
        _score(setting, entrant, cells)
        for setting in recorded
        for entrant in setting.entrants
        if (cells := list(_cells(setting, entrant, rates, first_lr)))
    ]
    return max(found, key=_said_by, default=None)


def _cells(
    setting: Recorded, entrant: Entrant, rates: Sequence[float], first_lr: float | None
) -> Iterator[CellRuns]:
    """Yield what a row has that is run with these rates."""
    for (name, _), cell in setting.results.cells.items():
        if name == entrant.name and any(_has(run.spec, rates, first_lr) for run in cell.runs):
            yield cell


def _has(spec: RunSpec, rates: Sequence[float], first_lr: float | None) -> bool:
    own = spec.learning_rates or ()
    if spec.first_lr != first_lr or len(own) != len(rates):
        return False
    return all(isclose(one, other, rel_tol=_ALIKE) for one, other in zip(own, rates, strict=True))


def _score(setting: Recorded, entrant: Entrant, cells: Sequence[CellRuns]) -> ProfileScore:
    reference = headline_reference(setting.entrants)
    headline = None
    if reference != entrant:
        both = (entrant, reference)
        headline = make_headline(both, setting.sequences, setting.results, setting.declared)
    runs = [run for cell in cells for run in cell.runs]
    return ProfileScore(
        reference="" if reference == entrant else reference.title,
        effect=None if headline is None else headline.effects[0],
        complete=sum(run.state == "complete" for run in runs),
        runs=len(runs),
    )


def _said_by(score: ProfileScore) -> tuple[int, int]:
    return len(score.effect.counted) if score.effect else 0, score.complete
