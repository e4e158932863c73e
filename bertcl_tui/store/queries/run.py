"""One run in full: its facts, its curves, and what was measured at the ends of its stages."""

from collections import defaultdict
from collections.abc import Collection
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, select

from bertcl_tui.store.queries.conditions import confirmations
from bertcl_tui.store.queries.unfinished import state_of
from bertcl_tui.store.trial_rows import Curve, RunCurves, RunFacts, Split, Stage, StageEnd
from engine.spec import RunSpec
from engine.store.schema import measurement, run, stage, study, worker

Points = tuple[list[int], list[float]]


def read_rates(text: str | None) -> tuple[float, ...]:
    """Return one rate per choice; none where the run was given none."""
    return msgspec.json.decode(text, type=tuple[float, ...]) if text else ()


def run_facts(connection: Connection, run_id: int, now: float) -> RunFacts | None:
    """Return the run of that id, None where there is none."""
    query = (
        select(
            run,
            study.c.name,
            study.c.origin,
            worker.c.device,
            worker.c.host,
            worker.c.pid,
            worker.c.process_start,
            worker.c.process,
            worker.c.ended_at,
        )
        .outerjoin_from(run, worker, worker.c.id == run.c.worker_id)
        .outerjoin(study, study.c.id == run.c.study_id)
        .where(run.c.id == run_id)
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    again = None if row.study_id is None else confirmations(connection, row.study_id)
    return RunFacts(
        run_id=row.id,
        study_id=row.study_id,
        study=row.name,
        number=row.number,
        label=row.label,
        spec=msgspec.json.decode(row.spec, type=RunSpec),
        state=state_of(row, now),
        desired=row.desired,
        reason=row.reason,
        p=row.p,
        p_o=row.p_o,
        p_s=row.p_s,
        learning_rates=read_rates(row.learning_rates),
        step=row.step,
        steps=row.steps,
        rate=row.rate,
        tokens_rate=row.tokens_rate,
        busy_seconds=row.busy_seconds,
        threads=row.threads,
        holder=_holder(row),
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        imported=row.origin not in (None, "search"),
        confirmation=None if again is None else again.get(row.id),
    )


def stage_ends(connection: Connection, run_id: int) -> tuple[StageEnd, ...]:
    """Return the accuracies at the end of each stage on the whole splits, by stage and split."""
    query = (
        select(measurement)
        .where(measurement.c.run_id == run_id, measurement.c.split != "retention")
        .order_by(measurement.c.stage, measurement.c.task)
    )
    found: defaultdict[tuple[int, Split], dict[int, float]] = defaultdict(dict)
    for row in connection.execute(query):
        found[row.stage, row.split][row.task] = row.accuracy
    return tuple(
        StageEnd(stage=stage, split=split, accuracies=tuple(accuracies.values()))
        for (stage, split), accuracies in found.items()
    )


def _holder(row: Row[Any]) -> str | None:
    return None if row.pid is None else f"{row.device} · process {row.pid} on {row.host}"


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
