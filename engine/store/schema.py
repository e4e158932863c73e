"""The tables. Optuna's own stand beside them in the same store; ours begin with ``cl_``.

Moments are seconds since the epoch (UTC). JSON columns hold the structs of ``engine.spec``.
An id never comes again, whatever is deleted: workers and screens remember things by it.
"""

from functools import cache
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    Index,
    MetaData,
    Select,
    Table,
    Text,
    UniqueConstraint,
    func,
    or_,
    select,
    type_coerce,
)

from engine.errors import shown
from engine.store.column_types import Checked, Large, Moment, Number, State, Whole, Words
from engine.store.states import ENDED_EARLY, Desired, RunState

VERSION_TABLE = "cl_version"
REVISIONS = tuple(f"{number:04}" for number in range(1, 23))
"""Every schema revision, oldest first; the last one is what this version reads and writes."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

study = Table(
    "cl_study",
    metadata,
    Column("id", Whole, primary_key=True),
    Column("name", Words, nullable=False, unique=True),
    Column("sequence", Words, nullable=False),
    Column("data", Words, nullable=False),
    Column("model", Words, nullable=False),
    Column("spec", Words, nullable=False),
    Column("origin", Words, nullable=False),  # search, or import with the file's name
    Column("trials", Whole, nullable=False),
    Column("desired", State(Desired), nullable=False),
    Column("desired_at", Moment, nullable=False),
    Column("reason", Words),
    Column("proposer_id", Whole),
    Column("proposer_until", Moment),
    Column("created_at", Moment, nullable=False),
    Column("deleted_at", Moment),  # hidden since then; purged a minute later
    Column("archived_at", Moment),  # put away, out of the usual lists
    Column("former_names", Words),  # JSON list, the latest last
    Column("note", Words),  # what a person says of it
    sqlite_autoincrement=True,
)

run = Table(
    "cl_run",
    metadata,
    Column("id", Whole, primary_key=True),
    Column("study_id", Whole, ForeignKey("cl_study.id", ondelete="CASCADE")),
    Column("number", Whole),  # the trial's, within its study; the same as Optuna's
    Column("label", Words),  # what people call it: flat 1e-5, llrd 0.9, published
    Column("marked", Whole),  # 1: a person chose it, to be compared and combined
    Column("note", Words),  # what a person says of it
    Column("sequence", Words, nullable=False),
    Column("method", Words, nullable=False),
    Column("seed", Large, nullable=False),
    Column("spec", Words, nullable=False),
    Column("learning_rates", Words),  # JSON list, one per choice
    Column("state", State(RunState), nullable=False),
    Column("desired", State(Desired), nullable=False),
    Column("reason", Words),
    # accuracies after the last stage on the rows that score trials ...
    Column("p", Number),
    Column("p_o", Number),
    Column("p_s", Number),
    # ... what the earlier tasks were known by when each was learnt, and how much of it was lost
    Column("p_o_before", Number),
    Column("forgetting", Number),
    # ... and on the validation split, which is for reporting only
    Column("reported_p", Number),
    Column("reported_p_o", Number),
    Column("reported_p_s", Number),
    # the lease
    Column("worker_id", Whole, ForeignKey("cl_worker.id")),
    Column("heartbeat_at", Moment),
    Column("attempts", Whole, nullable=False, default=0),  # workers lost at lost_step
    Column("lost_step", Whole),  # the furthest that one was lost at
    Column("threads", Whole),  # of the first attempt: resuming with others moves the last bits
    Column("first_stage", Words),  # its key, while the run has it to learn and others share it
    # progress
    Column("step", Whole, nullable=False, default=0),
    Column("steps", Whole),
    Column("rate", Number),  # steps per second
    Column("tokens_rate", Number),  # tokens per second, without padding
    Column("progress_at", Moment),
    Column("created_at", Moment, nullable=False),
    Column("started_at", Moment),
    Column("finished_at", Moment),
    Column("busy_seconds", Number, nullable=False, default=0.0),
    # where the time at work went; none where that was not measured
    Column("learning_seconds", Number),
    Column("measuring_seconds", Number),
    Column("waiting_seconds", Number),  # what is left: loading, preparing, checkpoints, the store
    Column("ideal_seconds", Number),  # what learning would take at the machine's own matrix rate
    Column("earlier_epochs", Number),  # trained before it was run again
    UniqueConstraint("study_id", "number"),
    sqlite_autoincrement=True,
)
Index(None, run.c.study_id, run.c.state, run.c.p)
Index("ix_cl_run_state", run.c.state)
Index("ix_cl_run_ended", run.c.study_id, run.c.finished_at, run.c.id)
_held, _retried = run.c.worker_id.is_not(None), run.c.earlier_epochs.is_not(None)
_marked = run.c.marked.is_not(None)
Index("ix_cl_run_worker", run.c.worker_id, sqlite_where=_held, postgresql_where=_held)
Index(
    "ix_cl_run_retried",
    run.c.study_id,
    run.c.number,
    sqlite_where=_retried,
    postgresql_where=_retried,
)
Index(
    "ix_cl_run_marked",
    run.c.study_id,
    run.c.number,
    sqlite_where=_marked,
    postgresql_where=_marked,
)
# All that the trials of a study are sorted and filtered by and that does not change as they run:
# a long list is put in order without a look at the trials themselves. On a server without texts,
# for which its indexes have no room.
Index(
    "ix_cl_run_sorted",
    run.c.study_id,
    run.c.p,
    run.c.number,
    run.c.state,
    run.c.p_o,
    run.c.p_s,
    run.c.p_o_before,
    run.c.forgetting,
    run.c.reported_p,
    run.c.reported_p_o,
    run.c.reported_p_s,
    run.c.seed,
    run.c.steps,
    run.c.busy_seconds,
    run.c.created_at,
    run.c.started_at,
    run.c.finished_at,
    run.c.label,
    run.c.learning_rates,
)

tally = Table(
    "cl_tally",
    metadata,
    Column("study_id", ForeignKey("cl_study.id", ondelete="CASCADE"), primary_key=True),
    Column("state", State(RunState), primary_key=True),
    Column("trials", Whole, nullable=False),
    Column("races", Whole, nullable=False),  # runs that have no number
    sqlite_with_rowid=False,
)
"""How many runs of each study are in each state: ``engine.store.tally`` has the triggers."""

stage = Table(
    "cl_stage",
    metadata,
    Column("run_id", ForeignKey("cl_run.id", ondelete="CASCADE"), primary_key=True),
    Column("stage", Whole, primary_key=True),  # from 0
    Column("task", Words, nullable=False),
    Column("first_step", Whole, nullable=False),
    Column("last_step", Whole, nullable=False),
    Column("epochs", Whole),  # none where they are not known, as of imported runs
    Column("followed", Whole),  # most rows of a task that were followed; none where not known
    sqlite_with_rowid=False,
)

measurement = Table(
    "cl_measurement",
    metadata,
    Column("run_id", ForeignKey("cl_run.id", ondelete="CASCADE"), primary_key=True),
    Column("step", Whole, primary_key=True),  # counted over all stages
    Column("task", Whole, primary_key=True),  # its place in the sequence
    Column("split", Words, primary_key=True),  # retention, search or validation
    Column("stage", Whole, nullable=False),
    Column("accuracy", Number, nullable=False),
    Column("loss", Number),
    Column("macro_f1", Number),  # none where an earlier version measured
    Column("score", Number),  # what p is made of, where that is not the accuracy
    sqlite_with_rowid=False,
)

drift = Table(
    "cl_drift",
    metadata,
    Column("run_id", ForeignKey("cl_run.id", ondelete="CASCADE"), primary_key=True),
    Column("stage", Whole, primary_key=True),  # at whose end it was measured
    Column("place", Whole, primary_key=True),  # of the layer, from the embeddings up
    Column("layer", Words, nullable=False),
    Column("drift", Number, nullable=False),
    sqlite_with_rowid=False,
)
"""How far a layer is from where the run began: norm of the change over norm of the beginning."""

probe = Table(
    "cl_probe",
    metadata,
    Column("run_id", ForeignKey("cl_run.id", ondelete="CASCADE"), primary_key=True),
    Column("stage", Whole, primary_key=True),  # at whose end it was fitted
    Column("task", Whole, primary_key=True),  # place in the sequence
    Column("rows", Whole, primary_key=True),  # training rows that it was fitted on
    Column("score", Number, nullable=False),  # what p is made of
    sqlite_with_rowid=False,
)
"""How well linear classifiers, fitted anew on the encoder as it is, know the tasks of a run."""

trace = Table(
    "cl_trace",
    metadata,
    Column("run_id", ForeignKey("cl_run.id", ondelete="CASCADE"), primary_key=True),
    Column("step", Whole, primary_key=True),  # over all stages
    Column("loss", Number),  # mean of the steps since the trace before
    Column("ratios", Words, nullable=False),  # JSON list, embeddings to heads
    sqlite_with_rowid=False,
)
"""What steps did: their loss, and log10 of |update| / |weight| of each layer."""

confusion = Table(
    "cl_confusion",
    metadata,
    Column("run_id", ForeignKey("cl_run.id", ondelete="CASCADE"), primary_key=True),
    Column("stage", Whole, primary_key=True),  # at whose end it was counted
    Column("task", Whole, primary_key=True),  # place in the sequence
    Column("labels", Words, nullable=False),  # JSON list of the classes' names
    Column("cells", Words, nullable=False),  # JSON list of [right class, predicted one, rows]
    sqlite_with_rowid=False,
)
"""What rows that score trials were taken for: the cells of the confusion matrix that have any."""

importance = Table(
    "cl_importance",
    metadata,
    Column("study_id", ForeignKey("cl_study.id", ondelete="CASCADE"), primary_key=True),
    Column("evaluator", Words, primary_key=True),
    Column("trials", Whole, nullable=False),  # complete ones it was told from
    Column("shares", Words, nullable=False),  # JSON list, one per choice, in sum 1
    Column("told_at", Moment, nullable=False),
    sqlite_with_rowid=False,
)

worker = Table(
    "cl_worker",
    metadata,
    Column("id", Whole, primary_key=True),
    Column("host", Words, nullable=False),
    Column("pid", Whole, nullable=False),
    Column("process_start", Number, nullable=False),  # moves when the clock is set
    Column("process", Words),  # names it for good: boot, space of pids, start in ticks since boot
    Column("device", Words, nullable=False),
    Column("threads", Whole, nullable=False),
    Column("desired", State(Desired), nullable=False),
    Column("run_id", Whole),
    Column("waits_for", Words),  # what keeps it from going on, such as a full disk
    Column("log", Words),
    Column("cpu_percent", Number),
    Column("memory_bytes", Large),
    Column("gpu_percent", Number),
    Column("gpu_memory_bytes", Large),
    Column("started_at", Moment, nullable=False),
    Column("heartbeat_at", Moment, nullable=False),
    Column("ended_at", Moment),
    sqlite_autoincrement=True,
)
_lives = worker.c.ended_at.is_(None)
Index("ix_cl_worker_living", worker.c.id, sqlite_where=_lives, postgresql_where=_lives)

log = Table(
    "cl_log",
    metadata,
    Column("id", Whole, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("level", Words, nullable=False),
    Column("worker_id", Whole),
    Column("run_id", Whole),
    Column("text", Words, nullable=False),
    sqlite_autoincrement=True,
)
Index(None, log.c.run_id, log.c.id)

# The arena: in which of its rows a run stands. Two rows may come to the same rates, so to one run.
entry = Table(
    "cl_entry",
    metadata,
    Column("id", Whole, primary_key=True),
    Column("run_id", Whole, ForeignKey("cl_run.id", ondelete="CASCADE"), nullable=False),
    Column("entrant", Words, nullable=False),
    Column("source", Words, nullable=False),
    UniqueConstraint("run_id", "entrant"),
    sqlite_autoincrement=True,
)

confirmation = Table(
    "cl_confirmation",
    metadata,
    Column("trial_id", ForeignKey("cl_run.id", ondelete="CASCADE"), primary_key=True),
    Column("run_id", ForeignKey("cl_run.id", ondelete="CASCADE"), primary_key=True),
    sqlite_with_rowid=False,
)
"""Runs that repeat a trial with a seed of their own."""

plan = Table(
    "cl_plan",
    metadata,
    Column("id", Whole, primary_key=True),
    Column("digest", Words, nullable=False),  # SHA-256 of the text
    Column("text", Words, nullable=False),  # of the plan's file, as it was
    Column("spec", Words, nullable=False),  # what it came to
    Column("declared_at", Moment, nullable=False),
    UniqueConstraint("digest"),
)
"""What was to be run and compared in the arena, kept before its first run."""


def first_damage(connection: Connection) -> str:
    """Return where a SQLite file has a value that its column cannot hold; nothing: nowhere."""
    for table, checked, query in _queries_for_damage():
        row = connection.execute(query).first()
        if row is not None:
            key = table.primary_key.columns.keys()
            place = " ".join(f"{name} {shown(row[at], 40)}" for at, name in enumerate(key))
            name, kind = next(each for at, each in enumerate(checked, len(key)) if row[at])
            return f"{table.name} {place} has no {kind} as {name}"
    return ""


@cache
def _queries_for_damage() -> tuple[tuple[Table, list[tuple[str, str]], Select[Any]], ...]:
    """Return of each table what is asked for its first wrong row: the key, then column by column.

    Beside the table stand the columns, each with what it holds. Made once: it takes longer to write
    them all than to ask them.
    """
    made = []
    for table in metadata.sorted_tables:
        kinds = [(each, each.type) for each in table.columns if isinstance(each.type, Checked)]
        wrong = [kind.is_wrong(column) for column, kind in kinds]
        key = [type_coerce(column, Text) for column in table.primary_key]
        checked = [(column.name, kind.kind) for column, kind in kinds]
        asked: list[ColumnElement[Any]] = [*key, *wrong]
        query = select(*asked).where(or_(*wrong)).limit(1)
        made.append((table, checked, query))
    return tuple(made)


def scored() -> ColumnElement[float]:
    """Return what p is made of, as ``scored``: a measurement's accuracy, or its macro-F1."""
    return func.coalesce(measurement.c.score, measurement.c.accuracy).label("scored")


def ended_early() -> ColumnElement[bool]:
    """Return the condition that a study wants no more trials than it has."""
    return study.c.reason.startswith(ENDED_EARLY)
