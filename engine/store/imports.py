"""Verb for studies that were searched elsewhere."""

import time
from collections.abc import Sequence

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, insert

from engine.spec import StudySpec
from engine.store.connection import Store
from engine.store.runs import Scores, rates_json
from engine.store.schema import measurement, run, stage
from engine.store.studies import insert_study


class FinishedTrial(Struct, frozen=True, kw_only=True):
    """A trial as another program left it."""

    learning_rates: tuple[float, ...]
    accuracies: tuple[tuple[float, ...], ...]
    """Row i has the accuracies on tasks 0..i after stage i."""
    label: str | None = None

    @property
    def scores(self) -> Scores:
        """The accuracies after the last stage."""
        *earlier, last = self.accuracies[-1]
        return Scores(p_o=sum(earlier) / len(earlier), p_s=last)


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
