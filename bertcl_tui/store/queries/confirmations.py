"""What became of trials that were run again with fresh seeds."""

from collections import Counter, defaultdict

from sqlalchemy import Connection, ScalarSelect, func, select

from bertcl_tui.store.rows import Confirmation
from engine.arena.measuring import half_width
from engine.store.schema import confirmation, run
from engine.store.states import RunState

Repeated = tuple[int, RunState, float | None]
"""Seed, state and p of a run."""


def confirmations(connection: Connection, study_id: int) -> dict[int, Confirmation]:
    """Return what became of those trials of a study that were run again, by the trial's run id.

    The first interval of all loads what the statistics need.
    """
    trial = run.alias("trial")
    # As a condition: joined, the trials would be gone through first, and they are many.
    of_study = (
        select(trial.c.id)
        .where(trial.c.id == confirmation.c.trial_id, trial.c.study_id == study_id)
        .exists()
    )
    query = (
        select(confirmation.c.trial_id, run.c.seed, run.c.state, run.c.p)
        .join(run, run.c.id == confirmation.c.run_id)
        .where(of_study)
        .order_by(run.c.seed, run.c.id)
    )
    by_trial: defaultdict[int, list[Repeated]] = defaultdict(list)
    for trial_id, seed, state, p in connection.execute(query):
        by_trial[trial_id].append((seed, state, p))
    return {trial_id: _confirmation(runs) for trial_id, runs in by_trial.items()}


def confirmed_p() -> ScalarSelect[float]:
    """Return the mean p of a trial's complete repetitions, to sort trials by."""
    again = run.alias("again")
    return (
        select(func.avg(again.c.p))
        .join(confirmation, confirmation.c.run_id == again.c.id)
        .where(confirmation.c.trial_id == run.c.id, again.c.state == "complete")
        .correlate(run)
        .scalar_subquery()
    )


def _confirmation(runs: list[Repeated]) -> Confirmation:
    scores = tuple((seed, p) for seed, state, p in runs if state == "complete" and p is not None)
    others = Counter(state for _, state, _ in runs if state != "complete")
    return Confirmation(
        scores=scores,
        half_width=half_width([p for _, p in scores]),
        others=tuple(others.items()),
    )
