"""What the curves of a run say of the tasks that it learnt before the last one."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from msgspec import Struct

from bertcl_tui.store.trial_rows import RunCurves


class Known(Struct, frozen=True):
    """The latest accuracies, all on the retention rows; None where nothing was measured yet."""

    p_o: float | None
    p_s: float | None
    p_o_before: float | None = None
    """Of the tasks that p_o is of, each at the end of its own stage."""
    bwt: float | None = None
    """How far p_o is above that."""
    forgetting: float | None = None
    """How far it has fallen; None where a later stage may have been its best."""


def known_now(run: RunCurves) -> Known:
    """Return what a run that goes on would score by its latest measurements."""
    _, earlier = known_of_earlier(run)
    last = [curve for curve in run.curves if curve.task + 1 == len(run.stages)]
    before = [
        curve.accuracies[curve.steps.index(step)]
        for curve in run.curves
        if (step := _learnt_at(run, curve.task)) in curve.steps
    ]
    p_o = earlier[-1] if earlier else None
    p_o_before = sum(before) / len(before) if before else None
    bwt = None if p_o is None or p_o_before is None else p_o - p_o_before
    return Known(
        p_o=p_o,
        p_s=last[0].accuracies[-1] if last else None,
        p_o_before=p_o_before,
        bwt=bwt,
        forgetting=None if bwt is None or len(run.stages) > 2 else -bwt,  # noqa: PLR2004 - a pair
    )


def known_of_earlier(run: RunCurves) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Return steps after stage 1 and the mean accuracy on the tasks learnt before, as in p_o.

    It is on the rows that the curves are on, up to the end: values on others cannot be held to it.
    """
    points = {each.task: zip(each.steps, each.accuracies, strict=True) for each in run.curves}
    return _of_earlier(run, points)


def ends_of_earlier(run: RunCurves) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Return the same at the ends of stages on all rows, of which p_o is the last."""
    return _of_earlier(run, {each.task: each.ends for each in run.curves})


def _of_earlier(
    run: RunCurves, points: Mapping[int, Iterable[tuple[int, float]]]
) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Return steps after stage 1 and the mean of what each task learnt before has there."""
    if len(run.stages) < 2:  # noqa: PLR2004 - nothing is earlier in the first stage
        return (), ()
    start = run.stages[1].first_step
    by_step: dict[int, list[float]] = defaultdict(list)
    for task, measured in points.items():
        for step, accuracy in measured:
            if step >= start and step >= _learnt_at(run, task):
                by_step[step].append(accuracy)
    steps = sorted(by_step)
    return (
        tuple(step - start for step in steps),
        tuple(sum(by_step[step]) / len(by_step[step]) for step in steps),
    )


def _learnt_at(run: RunCurves, task: int) -> int:
    """Return the step at which a task was learnt; the last one of all never is an earlier one."""
    if task + 1 >= len(run.stages):
        return run.stages[-1].last_step + 1
    return run.stages[task].last_step
