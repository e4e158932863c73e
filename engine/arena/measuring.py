"""The numbers of a table: what is read off a run's accuracies, and what a few seeds say of it."""

import math
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean, stdev
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from engine.errors import look_up
from engine.learning.measures import AccuracyMatrix, Lost
from engine.spec.protocol import SCORE_NAMES, Score
from engine.store.measurements import EndAccuracies

CONFIDENCE: Final = 0.95
FEWEST_PAIRS: Final = 3
"""Seeds that two methods must share before they are tested."""
_ROUNDING: Final = 1e-9


class Quantity(Struct, frozen=True, kw_only=True):
    """One number of a run."""

    name: str
    of: Callable[[EndAccuracies, int, int], float | None]
    """From a[stage, task], the number of tasks, and the task that the column is about."""
    of_probes: Callable[[Sequence[Lost]], float | None] | None = None
    """From what linear probes say of the earlier tasks, instead; None: it is none of those."""
    more_is_better: bool = True


class Measure(Struct, frozen=True, kw_only=True):
    """One number, or two that are read together."""

    name: str
    title: str
    quantities: tuple[Quantity, ...]


def _ends(found: EndAccuracies, tasks: int) -> list[float] | None:
    """Return the last accuracy on every task; None where one was never measured."""
    last = dict(sorted(((task, stage), value) for (stage, task), value in found.items()))
    by_task = {task: value for (task, _), value in last.items()}
    return [by_task[task] for task in range(tasks)] if len(by_task) == tasks else None


def _at_the_end(read: Callable[[AccuracyMatrix], float]) -> Callable[..., float | None]:
    """Return a quantity that needs the last accuracies alone."""

    def of(found: EndAccuracies, tasks: int, _: int) -> float | None:
        ends = _ends(found, tasks)
        return None if ends is None else read(AccuracyMatrix((tuple(ends),)))

    return of


def _on_the_way(read: Callable[[AccuracyMatrix], float | None]) -> Callable[..., float | None]:
    """Return a quantity that needs every accuracy.

    Where tasks were not learnt one after another and measured again, nothing is forgotten.
    """

    def of(found: EndAccuracies, tasks: int, _: int) -> float | None:
        cells = [[(stage, task) for task in range(stage + 1)] for stage in range(tasks)]
        if any(cell not in found for row in cells for cell in row):
            return None
        return read(AccuracyMatrix(tuple(tuple(found[cell] for cell in row) for row in cells)))

    return of


def _alone(found: EndAccuracies, _: int, task: int) -> float | None:
    return found.get((task, task))


def _before(found: EndAccuracies, _: int, __: int) -> float | None:
    return found.get((0, 0))


def _after(found: EndAccuracies, tasks: int, _: int) -> float | None:
    return found.get((tasks - 1, 0))


def _of_lost(read: Callable[[Lost], float], name: str) -> Quantity:
    """Return a quantity that is a mean over the earlier tasks that were probed."""

    def of_probes(lost: Sequence[Lost]) -> float | None:
        return fmean(map(read, lost)) if lost else None

    return Quantity(name=name, of=lambda *_: None, of_probes=of_probes, more_is_better=False)


def called_by(measure: Measure, score: Score) -> Measure:
    """Return a measure that is called by what the runs are scored by."""

    def called(text: str) -> str:
        return text.replace("accuracy", SCORE_NAMES[score])

    quantities = (replace(each, name=called(each.name)) for each in measure.quantities)
    return replace(measure, title=called(measure.title), quantities=tuple(quantities))


_P_O = Quantity(name="p_o", of=_at_the_end(lambda matrix: matrix.p_o))
_P_S = Quantity(name="p_s", of=_at_the_end(lambda matrix: matrix.p_s))
P: Final = Quantity(name="p", of=_at_the_end(lambda matrix: matrix.p))
_ACC = Quantity(name="ACC", of=_at_the_end(lambda matrix: matrix.average_accuracy))
_BWT = Quantity(name="BWT", of=_on_the_way(lambda matrix: matrix.backward_transfer))
_FORGETTING = Quantity(
    name="forgetting", of=_on_the_way(lambda matrix: matrix.forgetting), more_is_better=False
)
P_O_P_S: Final = Measure(
    name="p_o-p_s",
    title="accuracy on the original – on the shifted task, after the last stage",
    quantities=(_P_O, _P_S),
)
ALONE: Final = Measure(
    name="alone",
    title="accuracy on each task alone, without a shift",
    quantities=(Quantity(name="accuracy", of=_alone),),
)
BEFORE_AFTER: Final = Measure(
    name="before-after",
    title="accuracy on the original task before – after the shifted one is learnt",
    quantities=(Quantity(name="before", of=_before), Quantity(name="after", of=_after)),
)
MEASURES: Final[Mapping[str, Measure]] = {
    measure.name: measure
    for measure in (
        P_O_P_S,
        Measure(name="p", title="p = p_o + p_s, after the last stage", quantities=(P,)),
        Measure(name="acc", title="mean accuracy after the last stage (ACC)", quantities=(_ACC,)),
        Measure(name="bwt", title="backward transfer (BWT)", quantities=(_BWT,)),
        Measure(
            name="forgetting",
            title="forgetting: fall from the best before the last stage to the end",
            quantities=(_FORGETTING,),
        ),
        BEFORE_AFTER,
        Measure(
            name="lost",
            title="lost of earlier tasks in the encoder – in their heads, as linear probes tell",
            quantities=(
                _of_lost(lambda lost: lost.encoder, "encoder"),
                _of_lost(lambda lost: lost.head, "heads"),
            ),
        ),
    )
}
"""What can be asked for; ``alone`` needs columns that are tasks."""


def measure_of(name: str) -> Measure:
    """Return the measure of that name.

    Raises:
        UsageError: there is none.
    """
    return look_up("measure", name, MEASURES)


def step_of(
    quantity: Quantity, found: EndAccuracies, tasks: int, task: int, rows: Mapping[int, int]
) -> float:
    """Return the least by which one more row that is right moves a quantity: its resolution.

    Args:
        quantity: the number.
        found: accuracies that it is read from.
        tasks: how many there are.
        task: what the column is about.
        rows: how many were measured of each task, where that is known.

    Returns:
        0 where it is not known.
    """
    before = quantity.of(found, tasks, task)
    steps = [
        abs(after - before)
        for cell, accuracy in found.items()
        if before is not None and cell[1] in rows
        for after in [quantity.of({**found, cell: accuracy + 1 / rows[cell[1]]}, tasks, task)]
        if after is not None
    ]
    return min((step for step in steps if step > _ROUNDING), default=0.0)


def gains_of(one: Mapping[int, float], other: Mapping[int, float]) -> list[float]:
    """Return by how much each is higher of the seeds that both have."""
    return [one[seed] - other[seed] for seed in sorted(one.keys() & other.keys())]


def mean_gain(one: Mapping[int, float], other: Mapping[int, float]) -> float | None:
    """Return by how much the mean is higher over the seeds that both have; None: there is none."""
    gains = gains_of(one, other)
    return fmean(gains) if gains else None


def is_told(difference: float, step: float) -> bool:
    """Whether a difference, or the spread of several, is as large as one row makes it."""
    return abs(difference) > max(step * (1 - _ROUNDING), _ROUNDING)


def half_width(values: Sequence[float]) -> float | None:
    """Return half the 95 % t-interval of a mean: t(0.975, n-1) · s / √n; None for one value."""
    if len(values) < 2:  # noqa: PLR2004 - one value says nothing of its spread
        return None
    from scipy.special import stdtrit  # scipy is loaded where a table is made

    freedom = len(values) - 1
    quantile = float(stdtrit(freedom, (1 + CONFIDENCE) / 2))
    return quantile * stdev(values) / math.sqrt(len(values))


def paired_p_value(
    one: Mapping[int, float], other: Mapping[int, float], step: float = 0.0
) -> float | None:
    """Return the two-sided p-value of the paired t-test over the seeds that both have.

    It is 1 where the mean of the differences, or their spread, is smaller than one row makes it:
    of models that do the same whatever the seed, such as two that always say one class, seeds
    tell nothing.

    Args:
        one: a value for each seed.
        other: the values that it is compared with.
        step: what one row makes of a difference; 0: not known.

    Returns:
        None with fewer than three pairs.
    """
    differences = gains_of(one, other)
    if len(differences) < FEWEST_PAIRS:
        return None
    mean, spread = fmean(differences), stdev(differences)
    if not is_told(mean, step) or not is_told(spread, step):
        return 1.0
    from scipy.special import stdtr

    t = mean / (spread / math.sqrt(len(differences)))
    return 2 * float(stdtr(len(differences) - 1, -abs(t)))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected for their number (Holm 1979), in the order given.

    The k-th smallest of m is multiplied by m - k + 1, and none falls below a smaller one.
    """
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    corrected = [0.0] * len(p_values)
    highest = 0.0
    for rank, index in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[index]))
        corrected[index] = highest
    return corrected
