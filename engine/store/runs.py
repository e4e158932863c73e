"""Runs, trials among them: reading them, and where they stand in arena and confirmations.

``run_states`` makes and ends them.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Literal

import msgspec
from msgspec import Struct
from sqlalchemy import (
    ColumnElement,
    Connection,
    Float,
    RowMapping,
    case,
    cast,
    func,
    insert,
    select,
    update,
)

from engine.errors import DeletedError, UsageError
from engine.spec import RunSpec, Source, run_name
from engine.store.connection import Store
from engine.store.schema import confirmation, entry, run, stage, study
from engine.store.states import ENDED, SET_ASIDE, Desired, RunState

FirstStagesCounted = Literal["each", "one", "none"]
"""How often what runs took for stage 1 counts."""


class RunRecord(Struct, frozen=True, kw_only=True):
    """A run as it stands in the store."""

    id: int
    study_id: int | None
    number: int | None
    label: str | None
    spec: RunSpec
    learning_rates: tuple[float, ...] | None
    state: RunState
    desired: Desired
    reason: str | None
    p: float | None
    p_o: float | None
    p_s: float | None
    p_o_before: float | None
    forgetting: float | None
    threads: int | None
    attempts: int
    """Workers that were lost at ``lost_step`` since it got any further."""
    lost_step: int | None
    step: int
    steps: int | None
    created_at: float = 0.0
    """When it was asked for, in seconds since 1970."""

    @property
    def name(self) -> str:
        """What people call it."""
        return run_name(self.id, self.study_id, self.number, self.label)

    @property
    def is_set_aside(self) -> bool:
        """Whether it waits for a person, as what it needs is gone; its reason says what."""
        waits = (self.state, self.desired) == ("paused", "paused")
        return waits and (self.reason or "").startswith(SET_ASIDE)


class Scores(Struct, frozen=True, kw_only=True):
    """Accuracies after the last stage; p_o is the mean over all earlier tasks."""

    p_o: float
    p_s: float
    p_o_before: float | None = None
    """Accuracy on the earlier tasks, each after its own stage; None: it was not measured."""
    forgetting: float | None = None
    """Mean fall from each earlier task's best before the last stage; None: that is not known."""

    @property
    def p(self) -> float:
        return self.p_o + self.p_s


class EntryRecord(Struct, frozen=True, kw_only=True):
    """A run as one row of the arena has it."""

    id: int
    entrant: str
    """The row, as ``engine.arena.entrants`` writes it."""
    source: Source
    run: RunRecord


def get_run(store: Store, run_id: int) -> RunRecord:
    """Return the run of that id.

    Raises:
        DeletedError: it is there no more.
    """
    with store.reading() as connection:
        row = connection.execute(select(run).where(run.c.id == run_id)).mappings().one_or_none()
        if row is None:
            raise DeletedError(f"run {run_id} was deleted")
        return record(row)


def find_run(store: Store, run_id: int) -> RunRecord:
    """Return the run of an id that a person wrote.

    Raises:
        UsageError: there is none.
    """
    with store.reading() as connection:
        row = connection.execute(select(run).where(run.c.id == run_id)).mappings().one_or_none()
        if row is None:
            last = connection.execute(select(func.max(run.c.id))).scalar()
            there = f"the last one is {last}" if last else "there is none yet; start one with run"
            raise UsageError(f"no run {run_id} in this store; {there}")
        return record(row)


def trials_of(
    store: Store, study_id: int, numbers: Collection[int] | None = None
) -> list[RunRecord]:
    """Return the trials of a study by number: all, or those of these numbers."""
    if numbers is not None and not numbers:
        return []
    # Not both: a database would look at all trials for those of a few numbers.
    which = is_trial() if numbers is None else run.c.number.in_(numbers)
    query = select(run).where(run.c.study_id == study_id, which).order_by(run.c.number)
    with store.reading() as connection:
        return [record(row) for row in connection.execute(query).mappings()]


def is_trial() -> ColumnElement[bool]:
    """Return the condition that a run of a study is one of its trials: a race has no number."""
    return run.c.number.is_not(None)


def runs_on(store: Store, sequence: str) -> list[RunRecord]:
    """Return the runs on a sequence that no study asked for, oldest first."""
    query = select(run).where(run.c.study_id.is_(None), run.c.sequence == sequence)
    with store.reading() as connection:
        return [record(row) for row in connection.execute(query.order_by(run.c.id)).mappings()]


def runs_by_id(store: Store, run_ids: Collection[int]) -> list[RunRecord]:
    """Return these runs, oldest first."""
    query = select(run).where(run.c.id.in_(run_ids)).order_by(run.c.id)
    with store.reading() as connection:
        return [record(row) for row in connection.execute(query).mappings()]


def spent_epochs(
    connection: Connection,
    runs: ColumnElement[bool],
    *,
    first_stages: FirstStagesCounted = "each",
) -> float:
    """Return the epochs that runs have trained, whatever became of them, up to their last step.

    An epoch is one pass over the training rows of one stage; a stage that was left half way counts
    by its steps. Where a run was run again, what it had trained before counts too. Runs that were
    imported without their steps count nothing.

    Args:
        connection: to the store.
        runs: a condition on ``cl_run``, such as ``run.c.study_id == 3``.
        first_stages: whether each run's counts, or one, as where all go on from the same, or none.
            One is that of a search: all its trials go on from it, and all races of one seed from
            one of theirs.
    """
    taken = run.c.step - stage.c.first_step
    steps = stage.c.last_step - stage.c.first_step
    share = case((taken <= 0, 0.0), (taken >= steps, 1.0), else_=cast(taken, Float) / steps)
    trained = share * stage.c.epochs
    of_runs = select(func.coalesce(func.sum(trained), 0.0)).join_from(
        run, stage, stage.c.run_id == run.c.id
    )
    before = select(func.coalesce(func.sum(run.c.earlier_epochs), 0.0)).where(runs)
    parts = [before, of_runs.where(runs)]
    if first_stages != "each":
        parts = [before, of_runs.where(runs, stage.c.stage > 0)]
    if first_stages == "one":
        furthest = (
            select(func.max(trained).label("trained"))
            .join_from(run, stage, stage.c.run_id == run.c.id)
            .where(runs, stage.c.stage == 0)
            .group_by(case((~is_trial(), run.c.seed)))
            .subquery()
        )
        parts.append(select(func.coalesce(func.sum(furthest.c.trained), 0.0)))
    return sum(float(connection.execute(part).scalar_one()) for part in parts)


def epochs_of(connection: Connection, runs: ColumnElement[bool], *, one: bool) -> float:
    """Return what runs of a search took; ``one``: those that begin alike share one stage 1."""
    return spent_epochs(connection, runs, first_stages="one" if one else "each")


def failures_in_a_row(store: Store, study_id: int) -> int:
    """Return how many trials failed one after another since the study was last resumed."""
    query = (
        select(run.c.state)
        .join(study, study.c.id == run.c.study_id)
        .where(run.c.study_id == study_id, is_trial(), run.c.state.in_(ENDED))
        .where(run.c.finished_at >= study.c.desired_at)
        .order_by(run.c.finished_at.desc(), run.c.id.desc())
        .limit(10)
    )
    with store.reading() as connection:
        states = connection.execute(query).scalars().all()
    return next((i for i, state in enumerate(states) if state != "failed"), len(states))


def enter_run(store: Store, run_id: int, entrant: str, source: Source) -> None:
    """Let a run stand in this row of the arena; where it does already, its source is renewed."""
    here = (entry.c.run_id == run_id) & (entry.c.entrant == entrant)
    text = msgspec.json.encode(source).decode()
    with store.writing() as connection:
        if connection.execute(update(entry).where(here).values(source=text)).rowcount == 0:
            connection.execute(insert(entry).values(run_id=run_id, entrant=entrant, source=text))


def entries(store: Store) -> list[EntryRecord]:
    """Return every run of the arena in every row it stands in, in the order they were entered."""
    query = (
        select(run, entry.c.id.label("entry_id"), entry.c.entrant, entry.c.source)
        .join(entry, entry.c.run_id == run.c.id)
        .order_by(entry.c.id)
    )
    with store.reading() as connection:
        return [
            EntryRecord(
                id=row["entry_id"],
                entrant=row["entrant"],
                source=msgspec.json.decode(row["source"], type=Source),
                run=record(row),
            )
            for row in connection.execute(query).mappings()
        ]


def confirm_trial(store: Store, trial_id: int, run_id: int) -> None:
    """Remember that a run repeats a trial; saying so again changes nothing.

    Args:
        store: where both are.
        trial_id: the id of the trial's own run.
        run_id: the run with another seed.
    """
    known = (confirmation.c.trial_id == trial_id) & (confirmation.c.run_id == run_id)
    with store.writing() as connection:
        if connection.execute(select(confirmation).where(known)).first() is None:
            connection.execute(insert(confirmation).values(trial_id=trial_id, run_id=run_id))


def confirmations_of(store: Store, study_id: int) -> dict[int, list[RunRecord]]:
    """Return the runs with fresh seeds that repeat trials of a study, by the trial's run id.

    Races are none of them: they are runs of the study, and say which trials are the best.
    """
    trial = run.alias("trial")
    query = (
        select(run, confirmation.c.trial_id)
        .join(confirmation, confirmation.c.run_id == run.c.id)
        .join(trial, trial.c.id == confirmation.c.trial_id)
        .where(trial.c.study_id == study_id, run.c.study_id.is_(None))
        .order_by(run.c.seed, run.c.id)
    )
    found: defaultdict[int, list[RunRecord]] = defaultdict(list)
    with store.reading() as connection:
        for row in connection.execute(query).mappings():
            found[row["trial_id"]].append(record(row))
    return dict(found)


def record(row: RowMapping) -> RunRecord:
    """Read a row of ``cl_run``."""
    rates = row["learning_rates"]
    return RunRecord(
        id=row["id"],
        study_id=row["study_id"],
        number=row["number"],
        label=row["label"],
        spec=msgspec.json.decode(row["spec"], type=RunSpec),
        learning_rates=rates and msgspec.json.decode(rates, type=tuple[float, ...]),
        state=row["state"],
        desired=row["desired"],
        reason=row["reason"],
        p=row["p"],
        p_o=row["p_o"],
        p_s=row["p_s"],
        p_o_before=row["p_o_before"],
        forgetting=row["forgetting"],
        threads=row["threads"],
        attempts=row["attempts"],
        lost_step=row["lost_step"],
        step=row["step"],
        steps=row["steps"],
        created_at=row["created_at"],
    )


def rates_json(rates: Sequence[float] | None) -> str | None:
    """Write learning rates as the store keeps them."""
    return None if rates is None else msgspec.json.encode(list(rates)).decode()
