"""Asking for work: runs, repetitions, searches, retries. Light.

What is asked for is checked first, so that nothing wrong enters the store.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Final, TypeVar

from msgspec.structs import replace

from engine.arena.confirming import Repetition
from engine.arena.plan import NeededSearch, PlannedRun, WantedRun, by_spec, spec_key
from engine.errors import UsageError, shown
from engine.profiles import Profile
from engine.profiles.profile import is_rate
from engine.spec import RunSpec, StudySpec, sequence_name
from engine.spec.run import refuse_shared_beginning
from engine.store.connection import Store
from engine.store.run_states import control_run, create_run, retry_run
from engine.store.runs import RunRecord, confirm_trial, enter_run, runs_by_id, runs_on
from engine.store.studies import control_study, create_study
from engine.tasks.models import stated_shape
from engine.work.ask import check, check_search

Wanted = TypeVar("Wanted", bound=WantedRun)

_OVER_WITHOUT_RESULT = ("failed", "stopped", "collapsed")
_MOST_TRIALS: Final = 1_000
"""A search that is bound by epochs ends long before."""


def enter_runs(
    store: Store,
    runs: Sequence[PlannedRun],
    *,
    retry: bool = False,
    before_writing: Callable[[], None] = lambda: None,
) -> int:
    """Queue runs that are missing, and enter every run into its row; return how many are new.

    Paused runs go on. Two rows that come to the same rates share their runs.

    Args:
        store: where the runs are kept.
        runs: of a plan.
        retry: ask once more for what failed, collapsed or was stopped.
        before_writing: called once all is checked; what it raises keeps the store as it is.

    Raises:
        UsageError: a task, the model, the data or the device is not to be had; nothing was written.
    """
    again = _OVER_WITHOUT_RESULT if retry else ()
    asked = [run for run in runs if run.state in ("missing", *again)]
    if asked:
        check(*_each_kind(asked))
    before_writing()
    queued: dict[bytes, int] = {}
    for run in _as_of_now(store, runs) if asked else runs:
        run_id = None if run.record is None or run.state in again else run.record.id
        if run_id is None:
            key = spec_key(run.spec)
            run_id = queued.get(key)
            if run_id is None:
                run_id = queued[key] = create_run(store, run.spec, label=run.entrant.title)
        elif run.state == "paused":
            control_run(store, run_id, "running")
        enter_run(store, run_id, run.entrant.name, run.source)
    return len(queued)


def _as_of_now(store: Store, runs: Sequence[Wanted]) -> list[Wanted]:
    """Return runs with what others asked for while this was checked, which takes seconds."""
    sequences = dict.fromkeys(sequence_name(run.spec.sequence) for run in runs)
    there: dict[bytes, RunRecord] = {}
    for sequence in sequences:
        there |= by_spec(runs_on(store, sequence))
    return [replace(run, record=there.get(spec_key(run.spec), run.record)) for run in runs]


def enter_repetitions(
    store: Store, repetitions: Sequence[Repetition], *, retry: bool = False
) -> list[int]:
    """Queue the repetitions of trials that are missing; return the runs of all.

    Paused runs go on.

    Args:
        store: where trials and runs are kept.
        repetitions: what ``plan_confirmation`` found there.
        retry: ask once more for what failed, collapsed or was stopped.

    Raises:
        UsageError: the model, the data or the device is not to be had; nothing was written.
    """
    again = _OVER_WITHOUT_RESULT if retry else ()
    asked = [item for item in repetitions if item.state in ("missing", *again)]
    if asked:
        check(asked[0].spec)
    queued: dict[bytes, int] = {}
    run_ids: list[int] = []
    for item in _as_of_now(store, repetitions) if asked else repetitions:
        if item.record is not None and item.state not in again:
            run_id = item.record.id
            if item.state == "paused":
                control_run(store, run_id, "running")
        elif (key := spec_key(item.spec)) in queued:
            run_id = queued[key]
        else:
            label = f"again #{item.trial.number}"
            run_id = queued[key] = create_run(store, item.spec, label=label)
        confirm_trial(store, item.trial.id, run_id)
        run_ids.append(run_id)
    return run_ids


def ask_for_searches(
    store: Store,
    needed: Sequence[NeededSearch],
    like: StudySpec,
    *,
    before_writing: Callable[[], None] = lambda: None,
) -> list[int]:
    """Start the searches that are missing and can begin, let paused ones go on; return all at work.

    One that cannot begin yet has the search at work that it waits for.

    Args:
        store: where they are kept.
        needed: what ``needed_searches`` found.
        like: a search for a profile, with its number of trials. The other methods' searches are
            bound by the epochs of theirs, or by that number where there is none.
        before_writing: called when something has been checked and is about to be written; what it
            raises leaves that out, and the rest.

    Raises:
        UsageError: a task, the model, the data or the device is not to be had.
    """
    at_work: list[int] = []
    for need in needed:
        there = need.found or (need.yardstick if need.waits else None)
        if need.met or (need.waits and there is None):
            continue
        if there is None:
            spec = _search_spec(need, like)
            check_search(spec)
            before_writing()
            at_work.append(create_study(store, spec, numbered=True))
            continue
        if there.study.desired == "paused":
            before_writing()
            control_study(store, there.study.id, "running")
        at_work.append(there.study.id)
    return list(dict.fromkeys(at_work))


def retry_runs(store: Store, run_ids: Collection[int]) -> None:
    """Check that these runs can be run, then queue each once more, as the same run.

    Raises:
        UsageError: a task, the model, the data or the device is not to be had, so that none was
            queued; or a run is complete or not ended, so that it and those after it were not.
    """
    runs = runs_by_id(store, run_ids)
    kinds = {(run.study_id, None) if run.study_id else (None, run.id): run.spec for run in runs}
    check(*kinds.values())
    for run in runs:
        retry_run(store, run.id)


def carry_profile(spec: RunSpec, profile: Profile, name: str) -> RunSpec:
    """Return the run as it learns with a profile's rates, layers grouped as the profile has them.

    Args:
        spec: the run, of a method that takes a profile.
        profile: with which it learns.
        name: of the profile or its file, for a message.

    Raises:
        UsageError: it is for another depth, or groups layers as no run can.
    """
    shape = stated_shape(spec.model)
    if shape is not None and shape.n_layers != profile.backbone.layers:
        raise UsageError(
            f"profile {shown(name)} is for {profile.backbone.layers} layers, and "
            f"'{shown(spec.model)}' has {shape.n_layers}; give a profile of that depth"
        )
    preset = profile.grouping.preset
    if preset == "custom":
        raise UsageError(
            f"profile {shown(name)} groups layers in its own way; "
            "a run knows paper and original-code"
        )
    return replace(
        spec,
        learning_rates=profile.learning_rates,
        first_lr=profile.first_lr,
        protocol=replace(spec.protocol, grouping=preset),
    )


def with_first_rate(spec: RunSpec, first_lr: float, name: str) -> RunSpec:
    """Return the run with a flat rate of its own in stage 1.

    Args:
        spec: the run.
        first_lr: of all layers.
        name: of what was given, for a message.

    Raises:
        UsageError: it carries a profile, which says that itself, or this is no rate.
    """
    if spec.learning_rates is not None:
        raise UsageError(f"a profile says itself which stages it is for; leave {name} away")
    if not is_rate(first_lr):
        raise UsageError(f"{name} is {first_lr}; it must be above 0 and at most 1, like 5e-5")
    return replace(spec, first_lr=first_lr)


def _each_kind(runs: Sequence[PlannedRun]) -> list[RunSpec]:
    """Return a run of each sequence and of each method: what these need, the others need."""
    by_sequence = {run.spec.sequence: run.spec for run in runs}
    by_method = {(run.entrant.method, str(run.entrant.options)): run.spec for run in runs}
    kinds = (*by_sequence.values(), *by_method.values())
    return list({spec_key(spec): spec for spec in kinds}.values())


def _search_spec(need: NeededSearch, like: StudySpec) -> StudySpec:
    name, search = sequence_name(need.sequence), like.search
    if need.yardstick is not None and need.yardstick.epochs > 0:
        search = replace(search, trials=_MOST_TRIALS, budget_epochs=need.yardstick.epochs)
    kind = [word for word in (need.method, need.stages) if word not in ("profile", "all")]
    spec = replace(
        like,
        name="-".join((name, *kind)),
        sequence=need.sequence,
        method=need.method,
        search=replace(search, searched_stages=need.stages),
    )
    refuse_shared_beginning(spec)
    return spec
