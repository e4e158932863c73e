"""Searches: which want trials, what they cost, which are over."""

from collections.abc import Collection, MutableMapping, Sequence
from functools import partial
from typing import Final

import msgspec
from msgspec import Struct
from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Text,
    case,
    cast,
    column,
    func,
    inspect,
    select,
    table,
    update,
)

from engine.spec import Protocol, StudySpec, Tuning
from engine.spec.search import BEST_OF, Spending, study_of_start
from engine.store.connection import Store
from engine.store.deletion import is_shown
from engine.store.leases import other
from engine.store.names import studies_called
from engine.store.racing import Contender, Counts, contenders, next_to_race, scored_trials
from engine.store.runs import RunRecord, epochs_of, trials_of
from engine.store.schema import run, study, tally
from engine.store.states import ENDED, ENDED_EARLY, UNFINISHED
from engine.store.studies import StudyRecord, get_study
from engine.store.workers import waits_for_device

_OPTUNA_STUDIES: Final = table("studies", column("study_id", Integer), column("study_name", Text))
_OPTUNA_TRIALS: Final = table(
    "trials",
    column("trial_id", Integer),
    column("study_id", Integer),
    column("number", Integer),
    column("state", Text),
)


class SearchRecord(Struct, frozen=True, kw_only=True):
    """A search under one protocol, and what it has found."""

    study: StudyRecord
    over: bool
    """Whether it has its trials, or was stopped; one that is paused may go on."""
    complete: tuple[RunRecord, ...]
    """The trials that came to their end with a score, best first as ``best_first`` has it."""
    contenders: tuple[Contender, ...]
    """The same, with what they scored with each of their seeds."""
    epochs: float
    """What all its trials took."""
    brought: tuple[Tuning, ...] = ()
    """The earlier searches whose best trials it began with, and those that these began with."""

    @property
    def name(self) -> str:
        return self.study.name

    @property
    def sequence(self) -> str:
        return self.study.spec.title()

    @property
    def best_mean_p(self) -> float | None:
        """Of the best trial, over its seeds; None: no trial is complete."""
        return self.contenders[0].mean.p if self.contenders else None

    def by_mean_p(self) -> list[RunRecord]:
        """Return the complete trials by their mean p over seeds, ties by number."""
        pairs = zip(self.complete, self.contenders, strict=True)
        ranked = sorted(pairs, key=lambda pair: (-pair[1].mean.p, pair[1].number))
        return [trial for trial, _ in ranked]


class _Running(Struct, frozen=True, kw_only=True):
    """A search, how far it is and how far it shall go."""

    id: int
    spec: StudySpec
    target: int
    counts: Counts
    unfinished: int
    """Runs that are not ended, races among them."""

    @property
    def wants_trials(self) -> bool:
        """Whether it has fewer than its target."""
        return self.counts.begun < self.target

    @property
    def trials_now(self) -> int:
        """How many trials could begin now; in order, no more may be under way at once."""
        left, in_order = self.target - self.counts.begun, self.spec.search.in_order
        return left if in_order is None else max(0, min(left, in_order - self.unfinished))


def searches(store: Store, model: str | None, protocol: Protocol) -> list[SearchRecord]:
    """Return the searches on a backbone, or on any (None), that score alike, oldest first."""
    query = select(study.c.id).where(study.c.origin == "search", is_shown())
    if model is not None:
        query = query.where(study.c.model == model)
    with store.at_one_moment() as now, now.reading() as connection:
        ids = connection.execute(query.order_by(study.c.id)).scalars().all()
        wanting = set(studies_wanting_trials(now))
        known = [get_study(now, study_id) for study_id in ids]
        return [
            _search(now, item, over=item.desired != "paused" and item.id not in wanting)
            for item in known
            if item.spec.protocol.scores_like(protocol)
        ]


def _search(store: Store, item: StudyRecord, *, over: bool) -> SearchRecord:
    trials = trials_of(store, item.id)
    with store.reading() as connection:
        epochs = epochs_of(
            connection, run.c.study_id == item.id, one=item.spec.first_lr is not None
        )
        brought = _brought(connection, item.id)
    scored = scored_trials(store, item.id, trials)
    return SearchRecord(
        study=item,
        over=over and all(trial.state in ENDED for trial in trials),
        complete=tuple(trial for trial, _ in scored),
        contenders=tuple(contender for _, contender in scored),
        epochs=epochs,
        brought=brought,
    )


def _brought(connection: Connection, study_id: int) -> tuple[Tuning, ...]:
    """Return what was brought along into a study, with all that it cost by now, each once."""
    found: dict[str, Tuning] = {}
    waiting = [study_id]
    while waiting:
        of_study = run.c.study_id == waiting.pop()
        starts = select(run.c.label).where(of_study, run.c.label.startswith(BEST_OF))
        names = {study_of_start(label) for label in connection.execute(starts).scalars()}
        for row in studies_called(connection, names):
            if row.name in found:
                continue
            one = _decoded(row.spec).first_lr is not None
            epochs = epochs_of(connection, run.c.study_id == row.id, one=one)
            found[row.name] = Tuning(study=row.name, sequence=row.sequence, epochs=epochs)
            waiting.append(row.id)
    return tuple(found.values())


def studies_wanting_trials(store: Store, devices: Collection[str] | None = None) -> Sequence[int]:
    """Return the ids of running searches below their target of trials and within their budget.

    Args:
        store: where they are kept.
        devices: only those that learn on one of them; None: on any.
    """
    return list(trials_wanted(store, devices))


def trials_wanted(store: Store, devices: Collection[str] | None = None) -> dict[int, int]:
    """Return how many trials could begin now of each search that ``studies_wanting_trials`` has."""
    with store.reading() as connection:
        return {
            search.id: search.trials_now
            for search in _running_searches(connection, devices)
            if search.wants_trials and not _spent(connection, search)
        }


def race_wanted(
    store: Store, study_id: int, settled: MutableMapping[int, Counts]
) -> Contender | None:
    """Return the trial of a running search that shall race now; None: none shall.

    Args:
        store: where it is kept.
        study_id: the search.
        settled: at which counts a search had nobody to race; asked and kept up to date.
    """
    with store.reading() as connection:
        found = _running_searches(connection, only=study_id)
        return next((_race(connection, search, settled) for search in found), None)


def has_enough(store: Store, study_id: int) -> bool:
    """Whether a search wants neither trials nor races, whether it shall run or rests."""
    with store.reading() as connection:
        found = _searches(connection, study.c.id == study_id)
        return not any(
            (search.wants_trials and not _spent(connection, search))
            or _race(connection, search, {}) is not None
            for search in found
        )


def studies_wanting_races(
    store: Store, devices: Collection[str] | None, settled: MutableMapping[int, Counts]
) -> Sequence[int]:
    """Return the ids of running searches of which a trial shall race now.

    ``settled`` is as ``race_wanted`` takes it, ``devices`` as ``studies_wanting_trials`` does.
    """
    with store.reading() as connection:
        return [
            search.id
            for search in _running_searches(connection, devices)
            if _race(connection, search, settled) is not None
        ]


def models_asked_for(store: Store) -> frozenset[str]:
    """Return the models of runs and searches that are not over."""
    with store.at_one_moment() as now, now.reading() as connection:
        searches = unfinished_studies(now)
        asked = select(run.c.spec).where(run.c.state.in_(UNFINISHED), run.c.study_id.is_(None))
        of_searches = select(study.c.spec).where(study.c.id.in_(searches))
        specs = connection.execute(asked.union(of_searches)).scalars().all()
    return frozenset(msgspec.json.decode(spec, type=_OfModel).model for spec in specs)


class _OfModel(Struct, frozen=True):
    model: str


def unfinished_studies(store: Store) -> Collection[int]:
    """Return the ids of searches that may go on: that want trials, have some, or are paused."""
    trials = select(run.c.study_id).where(run.c.study_id.is_not(None), run.c.state.not_in(ENDED))
    paused = select(study.c.id).where(study.c.desired == "paused")
    with store.at_one_moment() as now, now.reading() as connection:
        wanting = studies_wanting_trials(now)
        return {*wanting, *connection.execute(trials.union(paused)).scalars()}


def say_what_searches_wait_for(store: Store, devices: Collection[str]) -> Sequence[str]:
    """Tell searches on other devices what they wait for; return the devices newly told.

    Args:
        store: where they are kept.
        devices: those that a worker can use which has nothing else to do.
    """
    others = set(studies_wanting_trials(store)) - set(studies_wanting_trials(store, devices))
    said = []
    for study_id in sorted(others):
        device = get_study(store, study_id).spec.device
        going = study.c.desired == "running"
        untold = (study.c.id == study_id) & going & study.c.reason.is_(None)
        with store.writing() as connection:
            values = {"reason": waits_for_device(device)}
            if connection.execute(update(study).where(untold).values(values)).rowcount:
                said.append(device)
    return said


def say_why_search_waits(store: Store, study_id: int, reason: str) -> None:
    """Tell a search that shall go on why it has no next trial just now."""
    with store.writing() as connection:
        going = (study.c.id == study_id) & (study.c.desired == "running")
        connection.execute(update(study).where(going).values(reason=reason))


def studies_with_untold_ends(store: Store) -> Sequence[int]:
    """Return the ids of searches with a trial that has ended, as the sampler was not told.

    Its worker died just then.
    """
    studies, trials = _OPTUNA_STUDIES, _OPTUNA_TRIALS
    # Begun with the sampler's few that are under way: they have no index by their number.
    its_run = (run.c.study_id == study.c.id) & (run.c.number == trials.c.number)
    has_ended = select(run.c.id).where(its_run, run.c.state.in_(ENDED)).exists()
    query = (
        select(study.c.id)
        .distinct()
        .join_from(trials, studies, studies.c.study_id == trials.c.study_id)
        .join(study, study.c.name == studies.c.study_name)
        .where(cast(trials.c.state, Text) == "RUNNING", has_ended)
    )
    with store.reading() as connection:
        if not inspect(connection).has_table(trials.name):
            return ()
        return connection.execute(query).scalars().all()


def complete_when_run_again(store: Store, study_id: int) -> Sequence[int]:
    """Return the trials of a study that are complete, but had ended otherwise before."""
    query = select(run.c.number).where(
        run.c.study_id == study_id, run.c.state == "complete", run.c.earlier_epochs.is_not(None)
    )
    with store.reading() as connection:
        return connection.execute(query.order_by(run.c.number)).scalars().all()


def end_early(store: Store, study_id: int, why: str) -> None:
    """Let a search have no more than the trials it has, and say why."""
    begun = select(func.coalesce(func.sum(tally.c.trials), 0)).where(tally.c.study_id == study_id)
    more = (study.c.id == study_id) & (study.c.trials > begun.scalar_subquery())
    values = {"trials": begun.scalar_subquery(), "reason": f"{ENDED_EARLY}{why}"}
    with store.writing() as connection:
        connection.execute(update(study).where(more).values(values))


def spending_of(
    connection: Connection, study_id: int, budget: float, *, one_first_stage: bool = False
) -> Spending:
    """Return how far a study is through its budget.

    Args:
        connection: to the store.
        study_id: of the study.
        budget: in epochs.
        one_first_stage: whether all its trials go on from one first stage, which counts once; so
            do races of one seed.
    """
    of_study = run.c.study_id == study_id
    return Spending(spent=epochs_of(connection, of_study, one=one_first_stage), budget=budget)


def _decoded(spec: str) -> StudySpec:
    return msgspec.json.decode(spec, type=StudySpec)


def _spent(connection: Connection, search: _Running) -> bool:
    settings = search.spec.search
    if settings.budget_epochs is None:
        return False
    counted = run.c.study_id == search.id
    if settings.in_order is not None:
        # Those that may be under way are at another step each time.
        number = other.c.number
        numbers = select(number).where(other.c.study_id == search.id, number.is_not(None))
        before_those = numbers.order_by(number.desc()).limit(1).offset(settings.in_order - 1)
        counted &= run.c.number <= before_those.scalar_subquery()
    return _over(connection, search.spec, counted)


def _over(connection: Connection, spec: StudySpec, counted: ColumnElement[bool]) -> bool:
    """Whether these runs of a search took all of its budget."""
    budget = spec.search.budget_epochs
    taken = partial(epochs_of, connection, counted, one=spec.first_lr is not None)
    return budget is not None and taken() >= budget


def _race(
    connection: Connection, search: _Running, settled: MutableMapping[int, Counts]
) -> Contender | None:
    """Return who shall race; a search in order races when it has its trials."""
    settings, counts = search.spec.search, search.counts
    if settings.racing == "off" or not counts.allow_another or settled.get(search.id) == counts:
        return None
    if settings.in_order is not None and (search.unfinished or search.wants_trials):
        return None
    if _over(connection, search.spec, run.c.study_id == search.id):
        return None
    found = next_to_race(contenders(connection, search.id))
    if found is None and not search.unfinished:
        settled[search.id] = counts
    return found


def _running_searches(
    connection: Connection, devices: Collection[str] | None = None, *, only: int | None = None
) -> list[_Running]:
    """Return the searches that shall run, those with the fewest trials first."""
    going = study.c.desired == "running"
    found = _searches(connection, going if only is None else going & (study.c.id == only))
    return [search for search in found if devices is None or search.spec.device in devices]


def _searches(connection: Connection, which: ColumnElement[bool]) -> list[_Running]:
    complete, unfinished = tally.c.state == "complete", tally.c.state.in_(UNFINISHED)
    counted = (
        tally.c.trials,
        case((complete, tally.c.trials)),
        tally.c.races,
        case((complete, tally.c.races)),
        case((unfinished, tally.c.trials + tally.c.races)),
    )
    begun, *counts = (func.coalesce(func.sum(each), 0) for each in counted)
    query = (
        select(study.c.id, study.c.spec, study.c.trials, begun, *counts)
        .outerjoin(tally, tally.c.study_id == study.c.id)
        .where(which, study.c.origin == "search", is_shown())
        .group_by(study.c.id)
        .order_by(begun, study.c.id)
    )
    return [
        _Running(
            id=study_id, spec=_decoded(spec), target=target, counts=Counts(*four), unfinished=left
        )
        for study_id, spec, target, *four, left in connection.execute(query)
    ]
