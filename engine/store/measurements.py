"""What is measured while a run goes on: stages, progress, accuracies; drift, probes, confusions."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any, Final, Literal, TypeVar

from msgspec import Struct, convert
from msgspec.structs import asdict
from sqlalchemy import Connection, Row, Select, bindparam, delete, insert, select

from engine.spec.protocol import Score
from engine.store.clock import now
from engine.store.confusions import ConfusionRecord, keep_confusions
from engine.store.connection import Store
from engine.store.leases import hold
from engine.store.schema import drift, measurement, probe, run, scored, stage
from engine.store.traces import TraceRecord, keep_traces

Split = Literal["retention", "search", "validation"]
WHOLE_SPLITS: Final[tuple[Split, ...]] = ("search", "validation")
"""Those measured when a stage is over: what scores a run, and what no search has seen."""
Record = TypeVar("Record", bound=Struct)


class StageRecord(Struct, frozen=True, kw_only=True):
    """Where a stage lies in its run; steps are counted over all stages."""

    stage: int
    task: str
    first_step: int
    last_step: int
    epochs: int | None = None
    """None: not known."""
    followed: int | None = None
    """Most rows of a task that its curves are on; None: not known."""


class MeasurementRecord(Struct, frozen=True, kw_only=True):
    """How well one task of the sequence is known after a step."""

    step: int
    stage: int
    task: int
    split: Split
    accuracy: float
    loss: float | None = None
    macro_f1: float | None = None
    """None: not measured, as by earlier versions."""
    score: float | None = None
    """What p is made of, where that is not the accuracy."""

    @property
    def scored(self) -> float:
        """What p is made of."""
        return self.accuracy if self.score is None else self.score


class Spent(Struct, frozen=True, kw_only=True):
    """Where time at work went, in seconds."""

    learning: float
    measuring: float
    waiting: float
    """What is left: loading, preparing, writing checkpoints and to the store."""
    ideal: float | None = None
    """What learning would take at the machine's own rate in fp32; None: that is not known."""

    @property
    def whole(self) -> float:
        return self.learning + self.measuring + self.waiting


def spent_in(row: Row[Any]) -> Spent | None:
    """Return what a run's row says of its time; None: that was not measured."""
    if row.learning_seconds is None:
        return None
    return Spent(
        learning=row.learning_seconds,
        measuring=row.measuring_seconds or 0.0,
        waiting=row.waiting_seconds or 0.0,
        ideal=row.ideal_seconds,
    )


class Progress(Struct, frozen=True, kw_only=True):
    """How far a run is."""

    step: int
    steps: int
    rate: float | None = None
    """Steps per second."""
    tokens_rate: float | None = None
    """Tokens per second, without padding."""
    spent: Spent | None = None
    """On the run in all, so that it may be said twice; None: not measured."""


EndAccuracies = dict[tuple[int, int], float]
"""a[i, j] is the accuracy on task j at the end of stage i, where that was measured; macro-F1, where
the run's protocol has that as its score."""


class StageEnd(Struct, frozen=True, kw_only=True):
    """How the tasks learnt so far were known on a split when a stage was over."""

    stage: int
    tasks: tuple[int, ...]
    """Their places in the sequence, as far as they were measured."""
    accuracies: tuple[float, ...]
    """By task: what p is made of."""
    score: Score
    """What that is."""
    beside: tuple[float | None, ...]
    """By task, the other one of accuracy and macro-F1; None: not measured."""


StageEnds = dict[Split, tuple[StageEnd, ...]]
"""By split, of those that have any; by stage."""


class DriftRecord(Struct, frozen=True, kw_only=True):
    """How far a layer was, at the end of a stage, from where the run began."""

    stage: int
    place: int
    """0: embeddings; 1..n: layers; n + 1: heads."""
    layer: str
    drift: float
    """Norm of the change over norm of the beginning."""


class ProbeRecord(Struct, frozen=True, kw_only=True):
    """How well a linear classifier, fitted anew on the encoder at the end of a stage, knows a task.

    What is lost of a task but not to the probe is lost in the head alone.
    """

    stage: int
    task: int
    rows: int
    """Training rows that it was fitted on."""
    score: float
    """What p is made of, on the rows that score trials."""


def record_stages(store: Store, run_id: int, worker_id: int, stages: Sequence[StageRecord]) -> None:
    """Remember the plan of a held run; the same plan again changes nothing."""
    rows = [{"run_id": run_id, **asdict(item)} for item in stages]
    with store.writing(alone=False) as connection:
        hold(connection, run_id, worker_id, steps=stages[-1].last_step)
        connection.execute(delete(stage).where(stage.c.run_id == run_id))
        connection.execute(insert(stage), rows)


def record_progress(
    store: Store,
    run_id: int,
    worker_id: int,
    progress: Progress,
    measurements: Sequence[MeasurementRecord] = (),
    *,
    traces: Sequence[TraceRecord] = (),
) -> None:
    """Remember how far a held run is, and what was measured and seen of steps since the last time.

    What a resumed run measures again replaces what stood there.

    Raises:
        LeaseLostError: another worker holds the run.
    """
    with store.writing(alone=False) as connection:
        hold(
            connection,
            run_id,
            worker_id,
            step=progress.step,
            steps=progress.steps,
            rate=progress.rate,
            tokens_rate=progress.tokens_rate,
            progress_at=now(),
            heartbeat_at=now(),
            **_seconds(progress.spent),
        )
        if measurements:
            _replace(connection, run_id, measurements)
        if traces:
            keep_traces(connection, run_id, traces)


def _seconds(spent: Spent | None) -> dict[str, float]:
    told = {} if spent is None else asdict(spent)
    return {f"{name}_seconds": value for name, value in told.items() if value is not None}


def spent_on(store: Store, run_id: int) -> Spent | None:
    """Return where a run's time went so far; None: that was not measured."""
    query = select(*(run.c[f"{name}_seconds"] for name in Spent.__struct_fields__))
    with store.reading() as connection:
        row = connection.execute(query.where(run.c.id == run_id)).one_or_none()
    return None if row is None else spent_in(row)


def record_stage_end(
    store: Store,
    run_id: int,
    worker_id: int,
    drifts: Sequence[DriftRecord] = (),
    probes: Sequence[ProbeRecord] = (),
    *,
    confusions: Sequence[ConfusionRecord] = (),
) -> None:
    """Remember what was found of a held run at the ends of stages: drift, probes, confusions.

    What a resumed run measures again replaces what stood there.

    Raises:
        LeaseLostError: another worker holds the run.
    """
    with store.writing(alone=False) as connection:
        hold(connection, run_id, worker_id, heartbeat_at=now())
        for table, items in ((drift, drifts), (probe, probes)):
            if items:
                again = table.c.stage.in_({item.stage for item in items})
                connection.execute(delete(table).where(table.c.run_id == run_id, again))
                rows = [{"run_id": run_id, **asdict(item)} for item in items]
                connection.execute(insert(table), rows)
        if confusions:
            keep_confusions(connection, run_id, confusions)


def measurements_of(
    store: Store, run_id: int, split: Split | None = None
) -> list[MeasurementRecord]:
    """Return a run's measurements by step, task and split."""
    query = select(measurement).where(measurement.c.run_id == run_id)
    if split is not None:
        query = query.where(measurement.c.split == split)
    return _read(store, query.order_by(*measurement.primary_key.columns), MeasurementRecord)


def stages_of(store: Store, run_id: int) -> list[StageRecord]:
    """Return a run's stages in order."""
    query = select(stage).where(stage.c.run_id == run_id).order_by(stage.c.stage)
    return _read(store, query, StageRecord)


def drift_of(store: Store, run_id: int) -> list[DriftRecord]:
    """Return how far a run's layers were, by stage and from the embeddings up."""
    query = select(drift).where(drift.c.run_id == run_id)
    return _read(store, query.order_by(*drift.primary_key.columns), DriftRecord)


def probes_of(
    store: Store, run_ids: Collection[int]
) -> dict[int, dict[tuple[int, int], dict[int, float]]]:
    """Return what probes found of these runs, of those that were probed.

    What was found of task j after stage i is under (i, j), and there under the number of rows.
    """
    query = select(probe).where(probe.c.run_id.in_(run_ids))
    found: defaultdict[int, defaultdict[tuple[int, int], dict[int, float]]]
    found = defaultdict(lambda: defaultdict(dict))
    with store.reading() as connection:
        for row in connection.execute(query.order_by(*probe.primary_key.columns)):
            found[row.run_id][row.stage, row.task][row.rows] = row.score
    return {run_id: dict(probes) for run_id, probes in found.items()}


def _read(store: Store, query: Select[Any], kind: type[Record]) -> list[Record]:
    """Return the rows that a query finds, as these records."""
    with store.reading() as connection:
        return [convert(row, kind, from_attributes=True) for row in connection.execute(query)]


def end_accuracies(
    store: Store, run_ids: Collection[int], split: Split
) -> dict[int, EndAccuracies]:
    """Return the accuracies of these runs at the ends of the stages that are over."""
    return {
        run_id: {
            (end.stage, task): accuracy
            for end in splits[split]
            for task, accuracy in zip(end.tasks, end.accuracies, strict=True)
        }
        for run_id, splits in stage_ends(store, run_ids, [split]).items()
    }


def stage_ends(
    store: Store, run_ids: Collection[int], splits: Collection[Split] = WHOLE_SPLITS
) -> dict[int, StageEnds]:
    """Return what these runs were worth at the ends of the stages that are over, where they were.

    Args:
        store: where they are.
        run_ids: of the runs.
        splits: on which rows.
    """
    query = (
        select(measurement, scored())
        .join(
            stage,
            (stage.c.run_id == measurement.c.run_id)
            & (stage.c.stage == measurement.c.stage)
            & (stage.c.last_step == measurement.c.step),
        )
        .where(measurement.c.run_id.in_(run_ids), measurement.c.split.in_(splits))
        .order_by(*measurement.primary_key.columns)
    )
    of_runs: defaultdict[int, defaultdict[Split, defaultdict[int, list[Row[Any]]]]]
    of_runs = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    with store.reading() as connection:
        for row in connection.execute(query):
            of_runs[row.run_id][row.split][row.stage].append(row)
    return {
        run_id: {
            split: tuple(_stage_end(number, rows) for number, rows in of_split[split].items())
            for split in WHOLE_SPLITS
            if split in of_split
        }
        for run_id, of_split in of_runs.items()
    }


def _stage_end(number: int, rows: Sequence[Row[Any]]) -> StageEnd:
    return StageEnd(
        stage=number,
        tasks=tuple(row.task for row in rows),
        accuracies=tuple(row.scored for row in rows),
        score="accuracy" if all(row.score is None for row in rows) else "macro-f1",
        beside=tuple(row.macro_f1 if row.score is None else row.accuracy for row in rows),
    )


def _replace(connection: Connection, run_id: int, items: Sequence[MeasurementRecord]) -> None:
    rows = [{"run_id": run_id, **asdict(item)} for item in items]
    # Row by row: PostgreSQL does not take a list of any length.
    key = [column.name for column in measurement.primary_key]
    same = [measurement.c[name] == bindparam(f"old_{name}") for name in key]
    connection.execute(
        delete(measurement).where(*same),
        [{f"old_{name}": row[name] for name in key} for row in rows],
    )
    connection.execute(insert(measurement), rows)
