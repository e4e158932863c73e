"""What a search came to, in a form that two searches can be compared in to the last bit."""

from collections.abc import Iterator
from pathlib import Path

import optuna
from sqlalchemy import select, text

from engine.profiles import Backbone, ScoredTrial, StudyTrials, combine, make_grouping
from engine.store.connection import Store
from engine.store.measurements import drift_of, measurements_of, stages_of
from engine.store.runs import RunRecord, trials_of
from engine.store.schema import run, study
from engine.store.searches import studies_wanting_trials
from engine.store.states import ENDED
from engine.store.studies import get_study

Results = dict[str, object]


def is_over(store: Store, study_id: int) -> bool:
    """Whether the search has its trials, and all have ended."""
    if study_id in studies_wanting_trials(store):
        return False
    return all(trial.state in ENDED for trial in trials_of(store, study_id))


def results_of(store: Store, study_id: int) -> Results:
    """Return all that the search found, by what it is."""
    trials = trials_of(store, study_id)
    found: Results = {f"#{trial.number}": _trial(store, trial) for trial in trials}
    found["profile"] = _profile(store, study_id, trials)
    found["Optuna's trials"] = [
        (trial.number, trial.state, trial.value, trial.params, trial.intermediate_values)
        for trial in optuna.load_study(
            study_name=get_study(store, study_id).name, storage=store.url
        ).trials
    ]
    return found


def differences(found: Results, expected: Results) -> Iterator[str]:
    """Yield what is not as in the undisturbed search."""
    for name in sorted(found.keys() | expected.keys()):
        if name not in found:
            yield f"{name} is missing"
        elif name not in expected:
            yield f"{name} is one too many"
        elif found[name] != expected[name]:
            yield f"{name} differs: {_first_difference(found[name], expected[name])}"


def remains(store: Store, study_id: int) -> Iterator[str]:
    """Yield what a search that is over must not leave behind."""
    with store.reading() as connection:
        if store.path is not None:
            check = connection.execute(text("PRAGMA integrity_check")).scalar_one()
            if check != "ok":
                yield f"the store is damaged: {check}"
        if connection.execute(select(study.c.proposer_id)).scalar() is not None:
            yield "somebody still has the proposer's seat"
        held = select(run.c.number).where(run.c.study_id == study_id, run.c.worker_id.is_not(None))
        for number in connection.execute(held).scalars():
            yield f"#{number} has ended and is still held"
    for left in _files(store.folder):
        yield f"{left} was left behind"


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix != ".log":
            yield path.relative_to(folder)


def _trial(store: Store, trial: RunRecord) -> tuple[object, ...]:
    return (
        trial.state,
        trial.reason,
        trial.label,
        trial.spec,
        trial.learning_rates,
        (trial.p, trial.p_o, trial.p_s),
        (trial.step, trial.steps),
        stages_of(store, trial.id),
        measurements_of(store, trial.id),
        drift_of(store, trial.id),
    )


def _profile(store: Store, study_id: int, trials: list[RunRecord]) -> tuple[float, ...]:
    item = get_study(store, study_id)
    grouping = make_grouping(item.spec.protocol.grouping, 2)
    offer = StudyTrials(
        study=item.name,
        sequence=item.spec.title(),
        backbone=Backbone(item.spec.model, 2, 32),
        grouping=grouping,
        protocol=item.spec.protocol,
        trials=tuple(
            ScoredTrial(trial.number or 0, trial.p, trial.state, trial.learning_rates or ())
            for trial in trials
        ),
    )
    return combine([offer]).learning_rates


def _first_difference(found: object, expected: object) -> str:
    if isinstance(found, (list, tuple)) and isinstance(expected, (list, tuple)):
        for one, other in zip(found, expected, strict=False):
            if one != other:
                return _first_difference(one, other)
        return f"{len(found)} instead of {len(expected)} of them"
    return f"{found!r} instead of {expected!r}"
