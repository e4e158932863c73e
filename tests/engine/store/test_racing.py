"""Which trials race, and what is the best of a study by the seeds that it has."""

from collections.abc import Collection, Iterable

import pytest
from msgspec.structs import replace

from engine.spec import SearchSettings, StudySpec
from engine.store.connection import Store
from engine.store.deletion import delete_study
from engine.store.racing import (
    FEWEST,
    Contender,
    Counts,
    Race,
    best_first,
    best_of_studies,
    contenders,
    next_to_race,
    spread_over_seeds,
)
from engine.store.run_states import claim_run, create_run, finish_run
from engine.store.runs import Scores, confirmations_of, failures_in_a_row, trials_of
from engine.store.searches import race_wanted, spending_of, studies_wanting_trials
from engine.store.states import RunState
from engine.store.studies import control_study, create_study
from tests.engine.store.conftest import new_worker, study_spec


def race(p: float | None = None, state: RunState = "complete") -> Race:
    scores = None if p is None else Scores(p_o=p - 0.5, p_s=0.5)
    return Race(seed=1, state=state, scores=scores)


def trial(number: int, p: float, *races: Race) -> Contender:
    return Contender(
        run_id=number + 100, number=number, own=Scores(p_o=p - 0.5, p_s=0.5), races=races
    )


def numbers(trials: Iterable[Contender]) -> list[int]:
    return [each.number for each in trials]


def test_the_best_has_three_seeds_as_soon_as_one_has() -> None:
    lucky = trial(0, 1.5, race(1.1))
    unknown = trial(1, 1.4)
    known = trial(2, 1.3, race(1.2), race(1.1))
    assert numbers(best_first([lucky, unknown])) == [1, 0]
    assert numbers(best_first([lucky, unknown, known])) == [2, 1, 0]
    assert known.mean.p == pytest.approx(1.2)


@pytest.mark.parametrize(
    ("trials", "number"),
    [
        ([trial(0, 1.2), trial(1, 1.3)], 1),
        ([trial(0, 1.2), trial(1, 1.3, race(1.3))], 1),
        ([trial(0, 1.2), trial(1, 1.3, race(state="queued"))], 0),
        ([trial(0, 1.2), trial(1, 1.3, race(1.3), race(1.3))], 0),
        ([trial(0, 1.2), trial(1, 1.3, race(state="failed"))], 1),
        ([trial(0, 1.2), trial(1, 1.3, *[race(state="failed")] * 4)], 0),
        ([trial(0, 1.2), trial(1, 1.3, race(state="collapsed"))], 0),
        ([trial(n, 1.3, race(1.3), race(1.3)) for n in range(3)] + [trial(3, 1.2)], None),
        ([], None),
    ],
    ids=[
        "the best first",
        "until it has three seeds",
        "one race at a time",
        "who has three is done",
        "a failed race is run with another seed",
        "but not for ever",
        "a trial that collapses with a seed is out",
        "the fourth does not race",
        "nobody is there",
    ],
)
def test_the_best_three_race(trials: list[Contender], number: int | None) -> None:
    found = next_to_race(trials)
    assert (None if found is None else found.number) == number


def test_a_quarter_of_all_runs_are_races_at_most() -> None:
    assert not Counts(begun=30, complete=FEWEST - 1, races=0, races_complete=0).allow_another
    assert Counts(begun=12, complete=FEWEST, races=3, races_complete=3).allow_another
    assert not Counts(begun=11, complete=FEWEST, races=3, races_complete=3).allow_another


def test_the_spread_over_seeds_is_known_from_several_trials() -> None:
    one = [trial(0, 1.0, race(1.2), race(1.1))]
    assert spread_over_seeds(one) is None
    assert spread_over_seeds([*one, trial(1, 1.5, race(1.7), race(1.6))]) == pytest.approx(0.1)


# in the store


def raced_study(*, in_order: int | None = None, trials: int = 9) -> StudySpec:
    settings = SearchSettings(trials=trials, racing="on", in_order=in_order)
    return StudySpec(
        name="raced", sequence=("sst2", "mrpc"), data="hub", model="bert", search=settings
    )


def complete(store: Store, run_id: int, p: float, worker_id: int) -> None:
    claimed = claim_run(store, worker_id, threads=1)
    assert claimed is not None
    assert claimed.id == run_id
    scores = Scores(p_o=p - 0.5, p_s=0.5)
    finish_run(store, run_id, worker_id, state="complete", scores=scores)


def add_trials(store: Store, study_id: int, spec: StudySpec, scores: Collection[float]) -> None:
    worker_id = new_worker(store)
    for number, p in enumerate(scores):
        made = spec.trial(number, (1e-5 * (number + 1),) * 2)
        complete(store, create_run(store, made, study_id=study_id, number=number), p, worker_id)


def add_race(store: Store, study_id: int, found: Contender, seed: int) -> int:
    (own,) = trials_of(store, study_id, [found.number])
    return create_run(
        store, replace(own.spec, seed=seed), study_id=study_id, races=found.run_id, label="again"
    )


def test_races_are_no_trials_and_end_with_their_study(store: Store) -> None:
    spec = raced_study(trials=12)
    study_id = create_study(store, spec)
    add_trials(store, study_id, spec, [1.0 + number / 10 for number in range(9)])
    settled: dict[int, Counts] = {}
    best = race_wanted(store, study_id, settled)
    assert best is not None
    assert best.number == 8
    run_id = add_race(store, study_id, best, 77)
    assert add_race(store, study_id, best, 77) == run_id, "a seed races once"
    assert len(trials_of(store, study_id)) == 9
    assert studies_wanting_trials(store) == [study_id]
    assert confirmations_of(store, study_id) == {}
    control_study(store, study_id, "stopped")
    with store.reading() as connection:
        found = {each.number: each for each in contenders(connection, study_id)}
    assert [each.state for each in found[8].races] == ["stopped"]
    assert failures_in_a_row(store, study_id) == 0
    delete_study(store, study_id)
    with store.reading() as connection:
        assert contenders(connection, study_id) == []
        assert spending_of(connection, study_id, 1.0).spent == 0


def test_a_search_has_its_races_after_its_last_trial_until_the_best_have_theirs(
    store: Store,
) -> None:
    spec = raced_study()
    study_id, worker_id = create_study(store, spec), new_worker(store)
    add_trials(store, study_id, spec, [1.0 + number / 10 for number in range(9)])
    settled: dict[int, Counts] = {}
    raced = []
    while (found := race_wanted(store, study_id, settled)) is not None:
        raced.append(found.number)
        complete(store, add_race(store, study_id, found, len(raced)), 1.2, worker_id)
    assert raced == [8, 7, 6], "a third of the trials; whoever falls back makes room"
    assert studies_wanting_trials(store) == []


def test_in_order_there_are_no_races_before_the_last_trial(store: Store) -> None:
    spec = raced_study(in_order=2, trials=10)
    study_id = create_study(store, spec)
    add_trials(store, study_id, spec, [1.0 + number / 10 for number in range(9)])
    assert race_wanted(store, study_id, {}) is None
    last = create_run(store, spec.trial(9, (1e-5, 1e-5)), study_id=study_id, number=9)
    assert race_wanted(store, study_id, {}) is None
    complete(store, last, 1.0, new_worker(store, 101))
    found = race_wanted(store, study_id, {})
    assert found is not None
    assert found.number == 8


def test_a_later_study_begins_with_what_raced_best(store: Store) -> None:
    spec = raced_study()
    study_id, worker_id = create_study(store, spec), new_worker(store)
    add_trials(store, study_id, spec, [1.4, 1.3])
    asking = create_study(store, study_spec("asking"))
    with store.reading() as connection:
        lucky, steady = sorted(contenders(connection, study_id), key=lambda each: each.number)
    for seed in (1, 2):
        complete(store, add_race(store, study_id, lucky, seed), 1.0, worker_id)
    assert best_of_studies(store, "bert", "paper", besides=asking)["raced"] == (1e-5, 1e-5)
    for seed in (1, 2):
        complete(store, add_race(store, study_id, steady, seed), 1.3, worker_id)
    assert best_of_studies(store, "bert", "paper", besides=asking)["raced"] == (2e-5, 2e-5)
