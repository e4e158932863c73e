"""Studies: beginning, finding, renaming and controlling them; taking over those from elsewhere."""

import time
from collections.abc import Sequence
from statistics import fmean

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import (
    Connection,
    RowMapping,
    case,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from engine.errors import DeletedError, UsageError, did_you_mean, nearest, shown
from engine.spec import StudySpec
from engine.store.clock import now
from engine.store.connection import Store
from engine.store.deletion import delete_rows, is_shown
from engine.store.run_states import control_runs
from engine.store.runs import Scores, rates_json
from engine.store.schema import ended_early, measurement, run, stage, study
from engine.store.states import Desired

_MOST_NAMED = 5
"""Studies, the newest, in the message that there is none of a name."""


class StudyRecord(Struct, frozen=True, kw_only=True):
    """A study as it stands in the store."""

    id: int
    name: str
    spec: StudySpec
    origin: str
    trials: int
    """Target of the study."""
    desired: Desired
    reason: str | None
    created_at: float
    former_names: tuple[str, ...] = ()
    """How it was called before, the latest last: files and labels may have these."""

    def is_called(self, name: str) -> bool:
        """Whether it has this name, or had it."""
        return name == self.name or name in self.former_names


class NameTakenError(UsageError):
    """There is a study of that name."""


def create_study(
    store: Store,
    spec: StudySpec,
    *,
    origin: str = "search",
    desired: Desired = "running",
    numbered: bool = False,
) -> int:
    """Remember a new study and return its id.

    Args:
        store: where it is remembered.
        spec: what it searches.
        origin: where it comes from.
        desired: what it shall do.
        numbered: where its name is taken, by whomever and just now, it gets the next free number.

    Raises:
        NameTakenError: there is one of that name.
    """
    while True:
        try:
            with store.writing() as connection:
                if numbered:
                    spec = replace(spec, name=_free_name(connection, spec.name))
                return insert_study(connection, spec, origin=origin, desired=desired)
        except NameTakenError:
            if not numbered:
                raise


def insert_study(
    connection: Connection, spec: StudySpec, *, origin: str, desired: Desired = "running"
) -> int:
    """Remember a new study inside the caller's transaction and return its id.

    Raises:
        NameTakenError: there is one of that name.
    """
    query = (
        insert(study)
        .values(
            name=spec.name,
            sequence=spec.title(),
            data=spec.data,
            model=spec.model,
            spec=msgspec.json.encode(spec).decode(),
            origin=origin,
            trials=spec.search.trials,
            desired=desired,
            desired_at=now(),
            created_at=now(),
        )
        .returning(study.c.id)
    )
    free_of_hidden(connection, spec.name)
    try:
        return int(connection.execute(query).scalar_one())
    except IntegrityError:
        raise NameTakenError(
            f"there is a study named '{shown(spec.name)}'; choose another with --name"
        ) from None


def find_study(store: Store, name: str) -> StudyRecord:
    """Return the study of that name, or that had it, or the only one whose name begins so.

    Raises:
        UsageError: there is none, or more than one.
    """
    with store.reading() as connection:
        query = select(study).where(is_shown()).order_by(study.c.id)
        rows = connection.execute(query).mappings().all()
        exact = [row for row in rows if row["name"] == name]
        begun = exact or [row for row in rows if row["name"].startswith(name)]
        matches = begun or [row for row in rows if name in former_names(row)][-1:]
        if not matches:
            raise _unknown_study(name, [row["name"] for row in rows])
        if len(matches) > 1:
            names = ", ".join(row["name"] for row in matches)
            raise UsageError(f"'{shown(name)}' fits several studies ({names}); write one in full")
        return _record(matches[0])


def _unknown_study(name: str, known: Sequence[str]) -> UsageError:
    if not known:
        return UsageError(f"no study named '{shown(name)}'; start the first one with search")
    more = len(known) - _MOST_NAMED
    last = ", ".join(known[-_MOST_NAMED:]) + (f" and {more} more" if more > 0 else "")
    hint = did_you_mean(nearest(name, known))
    return UsageError(f"no study named '{shown(name)}'; {hint} {last}")


def get_study(store: Store, study_id: int) -> StudyRecord:
    """Return the study of that id.

    Raises:
        DeletedError: it is there no more.
    """
    query = select(study).where(study.c.id == study_id)
    with store.reading() as connection:
        row = connection.execute(query).mappings().one_or_none()
        if row is None:
            raise DeletedError(f"study {study_id} was deleted")
        return _record(row)


def study_ids(store: Store) -> Sequence[int]:
    """Return the ids of all studies, oldest first."""
    with store.reading() as connection:
        query = select(study.c.id).where(is_shown()).order_by(study.c.id)
        return connection.execute(query).scalars().all()


def free_name(store: Store, name: str) -> str:
    """Return ``name``, or ``name-2``, ``name-3`` … where that is taken."""
    with store.reading() as connection:
        return _free_name(connection, name)


def _free_name(connection: Connection, name: str) -> str:
    taken = set(connection.execute(select(study.c.name)).scalars())
    if name not in taken:
        return name
    number = 2
    while f"{name}-{number}" in taken:
        number += 1
    return f"{name}-{number}"


def control_study(store: Store, study_id: int, desired: Desired, reason: str | None = None) -> None:
    """Set what is desired of a study and of its unfinished runs.

    Workers obey within a step, and runs without a living worker at once.
    """
    kept = case((ended_early(), study.c.reason))
    values = {
        "desired": desired,
        "desired_at": now(),
        "reason": kept if reason is None else reason,
    }
    with store.writing() as connection:
        connection.execute(update(study).where(study.c.id == study_id).values(values))
        control_runs(connection, run.c.study_id == study_id, desired)


def free_of_hidden(connection: Connection, name: str) -> None:
    """Delete for good a study of this name that was deleted just now: another one shall have it.

    Raises:
        NameTakenError: its worker has not let go of it yet.
    """
    hidden = (study.c.name == name) & ~is_shown()
    study_id = connection.execute(select(study.c.id).where(hidden)).scalar()
    if study_id is None:
        return
    try:
        delete_rows(connection, study_id, name)
    except UsageError:
        raise NameTakenError(
            f"a study named '{shown(name)}' was deleted just now, and its worker has not let go "
            "of it yet; try again in a few seconds, or choose another name"
        ) from None


def _record(row: RowMapping) -> StudyRecord:
    return StudyRecord(
        id=row["id"],
        name=row["name"],
        spec=msgspec.json.decode(row["spec"], type=StudySpec),
        origin=row["origin"],
        trials=row["trials"],
        desired=row["desired"],
        reason=row["reason"],
        created_at=row["created_at"],
        former_names=former_names(row),
    )


def former_names(row: RowMapping) -> tuple[str, ...]:
    """Return how a study was called before."""
    text = row["former_names"]
    return () if text is None else msgspec.json.decode(text, type=tuple[str, ...])


class FinishedTrial(Struct, frozen=True, kw_only=True):
    """A trial as another program left it."""

    learning_rates: tuple[float, ...]
    accuracies: tuple[tuple[float, ...], ...]
    """Row i has the accuracies on tasks 0..i after stage i."""
    label: str | None = None

    @property
    def scores(self) -> Scores:
        """The accuracies after the last stage, and before it, where these are known."""
        *earlier, last = self.accuracies[-1]
        p_o = fmean(earlier)
        stages = list(zip(range(len(earlier)), self.accuracies[:-1], strict=False))
        if len(stages) < len(earlier) or any(len(row) <= task for task, row in stages):
            return Scores(p_o=p_o, p_s=last)
        best = [max(row[task] for row in self.accuracies[task:-1]) for task, _ in stages]
        return Scores(
            p_o=p_o,
            p_s=last,
            p_o_before=fmean(row[task] for task, row in stages),
            forgetting=fmean(best) - p_o,
        )


def import_study(
    store: Store, spec: StudySpec, trials: Sequence[FinishedTrial], *, origin: str
) -> int:
    """Remember a finished study with all its trials, numbered from 0, or nothing at all.

    Where a stage's steps are not known, the stage counts as one step.

    Raises:
        UsageError: there is a study of that name.
    """
    with store.writing() as connection:
        study_id = insert_study(connection, spec, origin=origin)
        for number, trial in enumerate(trials):
            run_id = _insert_trial(connection, study_id, spec, number, trial)
            _insert_accuracies(connection, run_id, spec.sequence, trial)
        return study_id


def _insert_trial(
    connection: Connection, study_id: int, spec: StudySpec, number: int, trial: FinishedTrial
) -> int:
    now, scores, steps = time.time(), trial.scores, len(spec.sequence)
    asked = spec.trial(number, trial.learning_rates)
    query = (
        insert(run)
        .values(
            study_id=study_id,
            number=number,
            label=trial.label,
            sequence=spec.title(),
            method=asked.method,
            seed=asked.seed,
            spec=msgspec.json.encode(asked).decode(),
            learning_rates=rates_json(trial.learning_rates),
            state="complete",
            desired="running",
            p=scores.p,
            p_o=scores.p_o,
            p_s=scores.p_s,
            p_o_before=scores.p_o_before,
            forgetting=scores.forgetting,
            step=steps,
            steps=steps,
            created_at=now,
            finished_at=now,
        )
        .returning(run.c.id)
    )
    return int(connection.execute(query).scalar_one())


def _insert_accuracies(
    connection: Connection, run_id: int, sequence: Sequence[str], trial: FinishedTrial
) -> None:
    stages = [
        {
            "run_id": run_id,
            "stage": index,
            "task": task,
            "first_step": index,
            "last_step": index + 1,
        }
        for index, task in enumerate(sequence)
    ]
    measured = [
        {
            "run_id": run_id,
            "step": index + 1,
            "stage": index,
            "task": task,
            "split": "search",
            "accuracy": accuracy,
        }
        for index, row in enumerate(trial.accuracies)
        for task, accuracy in enumerate(row)
    ]
    connection.execute(insert(stage), stages)
    connection.execute(insert(measurement), measured)
