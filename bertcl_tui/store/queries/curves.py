"""Accuracy on every task while a run goes on."""

from collections import defaultdict
from collections.abc import Collection

from sqlalchemy import Connection, select

from bertcl_tui.store.rows import Curve, RunCurves, Stage
from engine.store.schema import measurement, run, stage


def curves(connection: Connection, run_ids: Collection[int]) -> tuple[RunCurves, ...]:
    """Return the retention curves of these runs, by run and task."""
    stages = _stages(connection, run_ids)
    points = _points(connection, run_ids)
    query = select(run.c.id, run.c.number).where(run.c.id.in_(run_ids)).order_by(run.c.id)
    return tuple(
        RunCurves(
            run_id=run_id,
            number=number,
            stages=tuple(stages.get(run_id, ())),
            curves=tuple(
                Curve(task=task, steps=tuple(steps), accuracies=tuple(accuracies))
                for task, (steps, accuracies) in sorted(points.get(run_id, {}).items())
            ),
        )
        for run_id, number in connection.execute(query)
    )


def _stages(connection: Connection, run_ids: Collection[int]) -> dict[int, list[Stage]]:
    query = select(stage).where(stage.c.run_id.in_(run_ids)).order_by(stage.c.stage)
    by_run: dict[int, list[Stage]] = defaultdict(list)
    for row in connection.execute(query):
        by_run[row.run_id].append(
            Stage(task=row.task, first_step=row.first_step, last_step=row.last_step)
        )
    return by_run


Points = tuple[list[int], list[float]]


def _points(connection: Connection, run_ids: Collection[int]) -> dict[int, dict[int, Points]]:
    query = (
        select(measurement.c.run_id, measurement.c.task, measurement.c.step, measurement.c.accuracy)
        .where(measurement.c.run_id.in_(run_ids), measurement.c.split == "retention")
        .order_by(measurement.c.step)
    )
    by_run: dict[int, dict[int, Points]] = defaultdict(dict)
    for run_id, task, step, accuracy in connection.execute(query):
        steps, accuracies = by_run[run_id].setdefault(task, ([], []))
        steps.append(step)
        accuracies.append(accuracy)
    return by_run
