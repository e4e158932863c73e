"""The tables. Optuna's own stand beside them in the same store; ours begin with ``cl_``.

Moments are seconds since the epoch (UTC). JSON columns hold the structs of ``engine.spec``.
An id never comes again, whatever is deleted: workers and screens remember things by it.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

VERSION_TABLE = "cl_version"
REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007")
"""Every schema revision, oldest first; the last one is what this version reads and writes."""

_LARGE = BigInteger().with_variant(Integer, "sqlite")
"""What does not fit into 32 bits, such as bytes; SQLite has no other integers."""

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
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("sequence", Text, nullable=False),
    Column("data", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("spec", Text, nullable=False),
    Column("origin", Text, nullable=False),  # search, or import with the file's name
    Column("trials", Integer, nullable=False),
    Column("desired", Text, nullable=False),
    Column("desired_at", Float, nullable=False),
    Column("reason", Text),
    Column("proposer_id", Integer),
    Column("proposer_until", Float),
    Column("created_at", Float, nullable=False),
    sqlite_autoincrement=True,
)

run = Table(
    "cl_run",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("study_id", Integer, ForeignKey("cl_study.id", ondelete="CASCADE")),
    Column("number", Integer),  # the trial's, within its study; the same as Optuna's
    Column("label", Text),  # what people call it: flat 1e-5, llrd 0.9, published
    Column("sequence", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("seed", _LARGE, nullable=False),
    Column("spec", Text, nullable=False),
    Column("learning_rates", Text),  # JSON list, one per choice
    Column("state", Text, nullable=False),
    Column("desired", Text, nullable=False),
    Column("reason", Text),
    # accuracies after the last stage on the rows that score trials ...
    Column("p", Float),
    Column("p_o", Float),
    Column("p_s", Float),
    # ... and on the validation split, which is for reporting only
    Column("reported_p", Float),
    Column("reported_p_o", Float),
    Column("reported_p_s", Float),
    # the lease
    Column("worker_id", Integer, ForeignKey("cl_worker.id")),
    Column("heartbeat_at", Float),
    Column("attempts", Integer, nullable=False, default=0),  # workers lost at lost_step
    Column("lost_step", Integer),  # the furthest that one was lost at
    Column("threads", Integer),  # of the first attempt: resuming with others moves the last bits
    Column("first_stage", Text),  # its key, while the run has it to learn and others share it
    # progress
    Column("step", Integer, nullable=False, default=0),
    Column("steps", Integer),
    Column("rate", Float),  # steps per second
    Column("tokens_rate", Float),  # tokens per second, without padding
    Column("progress_at", Float),
    Column("created_at", Float, nullable=False),
    Column("started_at", Float),
    Column("finished_at", Float),
    Column("busy_seconds", Float, nullable=False, default=0.0),
    # where the time at work went; none where that was not measured
    Column("learning_seconds", Float),
    Column("measuring_seconds", Float),
    Column("waiting_seconds", Float),  # what is left: loading, preparing, checkpoints, the store
    Column("ideal_seconds", Float),  # what learning would take at the machine's own matrix rate
    Column("earlier_epochs", Float),  # trained before it was run again
    UniqueConstraint("study_id", "number"),
    sqlite_autoincrement=True,
)
Index(None, run.c.study_id, run.c.state, run.c.p)
Index("ix_cl_run_state", run.c.state)
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

stage = Table(
    "cl_stage",
    metadata,
    Column("run_id", ForeignKey("cl_run.id", ondelete="CASCADE"), primary_key=True),
    Column("stage", Integer, primary_key=True),  # from 0
    Column("task", Text, nullable=False),
    Column("first_step", Integer, nullable=False),
    Column("last_step", Integer, nullable=False),
    Column("epochs", Integer),  # none where they are not known, as of imported runs
    sqlite_with_rowid=False,
)

measurement = Table(
    "cl_measurement",
    metadata,
    Column("run_id", ForeignKey("cl_run.id", ondelete="CASCADE"), primary_key=True),
    Column("step", Integer, primary_key=True),  # counted over all stages
    Column("task", Integer, primary_key=True),  # its place in the sequence
    Column("split", Text, primary_key=True),  # retention, search or validation
    Column("stage", Integer, nullable=False),
    Column("accuracy", Float, nullable=False),
    Column("loss", Float),
    sqlite_with_rowid=False,
)

drift = Table(
    "cl_drift",
    metadata,
    Column("run_id", ForeignKey("cl_run.id", ondelete="CASCADE"), primary_key=True),
    Column("stage", Integer, primary_key=True),  # at whose end it was measured
    Column("place", Integer, primary_key=True),  # of the layer, from the embeddings up
    Column("layer", Text, nullable=False),
    Column("drift", Float, nullable=False),
    sqlite_with_rowid=False,
)
"""How far a layer is from where the run began: norm of the change over norm of the beginning."""

importance = Table(
    "cl_importance",
    metadata,
    Column("study_id", ForeignKey("cl_study.id", ondelete="CASCADE"), primary_key=True),
    Column("evaluator", Text, primary_key=True),
    Column("trials", Integer, nullable=False),  # complete ones it was told from
    Column("shares", Text, nullable=False),  # JSON list, one per choice, in sum 1
    Column("told_at", Float, nullable=False),
    sqlite_with_rowid=False,
)

worker = Table(
    "cl_worker",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("process_start", Float, nullable=False),  # moves when the clock is set
    Column("process", Text),  # names it for good: boot, space of pids, start in ticks since boot
    Column("device", Text, nullable=False),
    Column("threads", Integer, nullable=False),
    Column("desired", Text, nullable=False),
    Column("run_id", Integer),
    Column("log", Text),
    Column("cpu_percent", Float),
    Column("memory_bytes", _LARGE),
    Column("gpu_percent", Float),
    Column("gpu_memory_bytes", _LARGE),
    Column("started_at", Float, nullable=False),
    Column("heartbeat_at", Float, nullable=False),
    Column("ended_at", Float),
    sqlite_autoincrement=True,
)

log = Table(
    "cl_log",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Float, nullable=False),
    Column("level", Text, nullable=False),
    Column("worker_id", Integer),
    Column("run_id", Integer),
    Column("text", Text, nullable=False),
    sqlite_autoincrement=True,
)
Index(None, log.c.run_id, log.c.id)

# The arena: in which of its rows a run stands. Two rows may come to the same rates, so to one run.
entry = Table(
    "cl_entry",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, ForeignKey("cl_run.id", ondelete="CASCADE"), nullable=False),
    Column("entrant", Text, nullable=False),
    Column("source", Text, nullable=False),
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
