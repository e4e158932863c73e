"""Looking into a store."""

from collections.abc import Iterator
from contextlib import contextmanager

from engine.api.arguments import for_python
from engine.api.results import Run, Study, Trial
from engine.learning.measures import matrix_of, where_lost
from engine.store.connection import DEFAULT_STORE, Store, open_store
from engine.store.endings import find_ending
from engine.store.measurements import drift_of, measurements_of, probes_of, stage_ends
from engine.store.racing import Contender, scored_trials
from engine.store.runs import RunRecord, get_run, trials_of
from engine.store.studies import get_study, study_ids


@for_python
def studies(*, store: str = DEFAULT_STORE) -> list[Study]:
    """Return every study of a store with its trials, oldest first.

    Args:
        store: a SQLite file, or the URL of a PostgreSQL database.

    Raises:
        UsageError: there is no such store, or it is not ours.
    """
    with looking_into(store) as opened, opened.at_one_moment() as now:
        return [look_at_study(now, study_id) for study_id in study_ids(now)]


@contextmanager
def looking_into(store: str, *, create: bool = False) -> Iterator[Store]:
    """Open a store for a while.

    Raises:
        UsageError: there is none, or it is not ours.
    """
    opened = open_store(store, create=create)
    try:
        with opened.plain_errors():
            yield opened
    finally:
        opened.close()


def look_at_study(store: Store, study_id: int) -> Study:
    """Return a study as it stands.

    Args:
        store: of one moment.
        study_id: which study.

    Raises:
        DeletedError: it is there no more.
    """
    runs, ending = trials_of(store, study_id), find_ending(store, study_id)
    scored = scored_trials(store, study_id, runs)
    contenders = {run.id: contender for run, contender in scored}
    trials = {run.id: _trial(run, contenders.get(run.id)) for run in runs}
    return Study(
        record=get_study(store, study_id),
        over=ending is not None and ending.how in ("complete", "stopped"),
        trials=tuple(trials.values()),
        best=trials[scored[0][0].id] if scored else None,
    )


def look_at_run(store: Store, run_id: int) -> Run:
    """Return a run as it stands.

    Args:
        store: of one moment.
        run_id: which run.

    Raises:
        DeletedError: it is there no more.
    """
    run = get_run(store, run_id)
    accuracies = {
        split: matrix_of(ends)
        for split, ends in stage_ends(store, [run_id]).get(run_id, {}).items()
    }
    probes, searched = probes_of(store, [run_id]).get(run_id, {}), accuracies.get("search")
    return Run(
        run_id=run_id,
        spec=run.spec,
        state=run.state,
        reason=run.reason,
        p=run.p,
        p_o=run.p_o,
        p_s=run.p_s,
        learning_rates=run.learning_rates or (),
        accuracies=accuracies,
        curves=tuple(measurements_of(store, run_id)),
        drift=tuple(drift_of(store, run_id)),
        lost=where_lost(searched, probes) if searched is not None else (),
    )


def _trial(run: RunRecord, contender: Contender | None) -> Trial:
    return Trial(
        number=run.number or 0,
        run_id=run.id,
        label=run.label,
        state=run.state,
        reason=run.reason,
        p=run.p,
        p_o=run.p_o,
        p_s=run.p_s,
        p_o_before=run.p_o_before,
        forgetting=run.forgetting,
        mean_p=None if contender is None else contender.mean.p,
        seeds=0 if contender is None else contender.seeds,
        learning_rates=run.learning_rates or (),
    )
