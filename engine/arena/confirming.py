"""The winner's curse, undone: the best trials of a search once more, with fresh seeds."""

from collections.abc import Collection, Sequence
from itertools import count, islice
from statistics import fmean

from msgspec import Struct
from msgspec.structs import replace

from engine.arena.measuring import P, half_width
from engine.arena.plan import WantedRun, by_spec, spec_key
from engine.errors import UsageError, shown
from engine.spec import derived_seed
from engine.store.connection import Store
from engine.store.measurements import end_accuracies
from engine.store.racing import ranked
from engine.store.runs import RunRecord, confirmations_of, runs_on, trials_of
from engine.store.studies import StudyRecord


class Repetition(WantedRun, frozen=True, kw_only=True):
    """A trial with another seed."""

    trial: RunRecord


class ConfirmedTrial(Struct, frozen=True, kw_only=True):
    """What a trial scored while it was searched, and what its rates score with fresh seeds."""

    number: int
    label: str | None
    learning_rates: tuple[float, ...]
    searched: float
    """p of the trial itself, on the rows that score trials."""
    confirmed: float | None
    """Mean p of the repetitions on the same rows; None: none has ended."""
    half_width: float | None
    """Of the 95 % interval of that mean; None with fewer than two."""
    validation: float | None
    """Their mean p on the validation rows."""
    seeds: int


def plan_confirmation(
    store: Store, study: StudyRecord, *, top: int, seeds: int, numbers: Collection[int] = ()
) -> tuple[Repetition, ...]:
    """Return complete trials of a study with seeds that none of its trials has.

    Args:
        store: where the study is.
        study: what was searched.
        top: how many of the best trials.
        seeds: how often each is run again.
        numbers: these trials instead, as far as they are complete.

    Raises:
        UsageError: the study was searched elsewhere, or none of the trials is complete.
    """
    if study.origin != "search":
        raise UsageError(
            f"study '{shown(study.name)}' is no search of ours but an {study.origin}; "
            "its protocol is not known, so nothing can be run like it"
        )
    trials = trials_of(store, study.id)
    complete = ranked(store, study.id, trials)
    best = [trial for trial in complete if trial.number in numbers] if numbers else complete[:top]
    if not complete:
        raise UsageError(
            f"study '{shown(study.name)}' has no complete trial yet; let it go on first"
        )
    if not best:
        raise UsageError(
            f"none of these trials of '{shown(study.name)}' is complete; choose others"
        )
    used = {trial.spec.seed for trial in trials}
    drawn = (derived_seed("confirmation", study.spec.seed, index) for index in count())
    fresh = list(islice((seed for seed in drawn if seed not in used), seeds))
    known = by_spec(runs_on(store, study.spec.title()))
    return tuple(
        Repetition(trial=trial, spec=spec, record=known.get(spec_key(spec)))
        for seed in fresh
        for trial in best
        for spec in [replace(trial.spec, seed=seed, first_seed=None, device=study.spec.device)]
    )


def confirmed_trials(store: Store, study_id: int) -> tuple[ConfirmedTrial, ...]:
    """Return the trials of a study that were repeated, best confirmed p first."""
    repetitions = confirmations_of(store, study_id)
    complete = {
        trial_id: [run for run in runs if run.state == "complete" and run.p is not None]
        for trial_id, runs in repetitions.items()
    }
    ids = [run.id for runs in complete.values() for run in runs]
    validation = end_accuracies(store, ids, "validation")
    found: list[ConfirmedTrial] = []
    for trial in trials_of(store, study_id):
        if trial.id not in complete or trial.p is None or trial.number is None:
            continue
        runs = complete[trial.id]
        scores = [run.p for run in runs if run.p is not None]
        reported = [
            P.of(validation[run.id], len(run.spec.sequence), 0)
            for run in runs
            if run.id in validation
        ]
        found.append(
            ConfirmedTrial(
                number=trial.number,
                label=trial.label,
                learning_rates=trial.learning_rates or (),
                searched=trial.p,
                confirmed=fmean(scores) if scores else None,
                half_width=half_width(scores),
                validation=_mean(reported),
                seeds=len(scores),
            )
        )
    return tuple(sorted(found, key=_by_confirmed))


def _mean(values: Sequence[float | None]) -> float | None:
    there = [value for value in values if value is not None]
    return fmean(there) if there else None


def _by_confirmed(trial: ConfirmedTrial) -> tuple[float, float]:
    confirmed = float("-inf") if trial.confirmed is None else trial.confirmed
    return -confirmed, -trial.searched
