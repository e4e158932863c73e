"""What curves say of a run: how much of the earlier tasks is known, and how much of the last."""

from collections import defaultdict

from msgspec import Struct

from bertcl_tui.store.rows import RunCurves


class Known(Struct, frozen=True):
    """The latest accuracies on the retention rows; None where nothing was measured yet."""

    p_o: float | None
    p_s: float | None


def known_now(run: RunCurves) -> Known:
    """Return what a run that goes on would score by its latest measurements."""
    _, earlier = known_of_earlier(run)
    last = [curve for curve in run.curves if curve.task + 1 == len(run.stages)]
    return Known(
        p_o=earlier[-1] if earlier else None,
        p_s=last[0].accuracies[-1] if last else None,
    )


def known_of_earlier(run: RunCurves) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Return steps after stage 1 and the mean accuracy on the tasks learnt before, as in p_o."""
    if len(run.stages) < 2:  # noqa: PLR2004 - nothing is earlier in the first stage
        return (), ()
    start = run.stages[1].first_step
    by_step: dict[int, list[float]] = defaultdict(list)
    for curve in run.curves:
        for step, accuracy in zip(curve.steps, curve.accuracies, strict=True):
            if step >= start and step >= _learnt_at(run, curve.task):
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
