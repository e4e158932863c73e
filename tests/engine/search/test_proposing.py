"""What is proposed depends on what is known, not on who asks, how often, or who died meanwhile."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from shutil import copyfile

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, IntDistribution
from optuna.storages import RDBStorage
from optuna.trial import TrialState, create_trial
from sqlalchemy import event

from engine.search.endings import Ending
from engine.search.seen import Seen
from engine.search.spaces import WarmStart
from engine.search.trials import Proposal, Search, open_search
from engine.spec import SearchSettings, StudySpec
from engine.store.connection import sqlite_path
from tests.engine.search.conftest import SPACE, Opener, study_spec

pytestmark = pytest.mark.long

STARTS = tuple(WarmStart(f"flat {rate}", (rate,) * 3) for rate in (1e-6, 1e-5))


@pytest.fixture
def store_url(any_store: str, empty_search: Path) -> str:
    file = sqlite_path(any_store)
    if file is not None:
        copyfile(empty_search, file)
    return any_store


class KilledError(BaseException):
    """Stands for the end of the process: nobody catches it."""


def killed_at_every_write(reopened: Callable[[], Search]) -> Search:
    """Let process after process die while proposing, each one write later; return the last."""
    for writes in count():
        search = reopened()
        begun = search.unfinished()
        with suppress(KilledError), killed_after(search, writes):
            search.propose()
        if search.unfinished() != begun:
            return search
    raise AssertionError


@contextmanager
def killed_after(search: Search, writes: int) -> Iterator[None]:
    storage = search._opened
    assert isinstance(storage, RDBStorage)
    left = writes

    def die(_: object, __: object, statement: str, *___: object) -> None:
        nonlocal left
        left -= not statement.startswith("SELECT")
        if left < 0:
            raise KilledError

    event.listen(storage.engine, "before_cursor_execute", die)
    try:
        yield
    finally:
        event.remove(storage.engine, "before_cursor_execute", die)


@contextmanager
def asked_of(search: Search) -> Iterator[list[str]]:
    storage, statements = search._opened, []
    assert isinstance(storage, RDBStorage)

    def note(_: object, __: object, statement: str, *___: object) -> None:
        statements.append(statement.replace("\n", ""))

    event.listen(storage.engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(storage.engine, "before_cursor_execute", note)


def p_of(number: int) -> float:
    return random.Random(number).uniform(0.8, 1.6)


@pytest.mark.parametrize("any_store", ["sqlite"], indirect=True)  # on a server it takes long
@pytest.mark.parametrize(
    ("sampler", "where"),
    [("tpe", {"a warm start": 0, "drawn at random": 2, "learnt from others": 11}), ("gp", {"": 3})],
)
def test_killed_while_proposing_it_proposes_the_same(
    opened: Opener, sampler: str, where: dict[str, int]
) -> None:
    trials = max(where.values()) + 1
    disturbed: list[Proposal | None] = []
    search = opened(starts=STARTS, sampler=sampler)
    for number in range(trials):
        if number in where.values():
            search = killed_at_every_write(lambda: opened(starts=STARTS, sampler=sampler))
        else:
            search.propose()
        disturbed += search.unfinished().values()
        search.tell(number, "complete", p_of(number))

    assert disturbed == undisturbed(sampler, trials)


def undisturbed(sampler: str, trials: int) -> list[Proposal | None]:
    spec = study_spec(sampler=sampler)
    search = Search(optuna.storages.InMemoryStorage(), spec, SPACE, STARTS)
    proposals = []
    for number in range(trials):
        proposals.append(search.propose())
        search.tell(number, "complete", p_of(number))
    return proposals


def test_whoever_lost_the_seat_meanwhile_begins_nothing(opened: Opener, store_url: str) -> None:
    search = opened(starts=STARTS)
    assert search.propose(may_begin=lambda: False) is None
    assert optuna.load_study(study_name="mood-topic", storage=store_url).trials == []
    proposal = search.propose(may_begin=lambda: True)
    assert proposal is not None
    assert proposal.label == STARTS[0].label


def test_an_enqueued_trial_that_was_half_begun_is_begun_by_the_next(
    opened: Opener, store_url: str
) -> None:
    study = optuna.create_study(study_name="mood-topic", storage=store_url, direction="maximize")
    study.enqueue_trial({"lr0": 2e-6})
    (proposal,) = killed_at_every_write(opened).unfinished().values()
    assert proposal is not None
    assert (proposal.number, proposal.learning_rates[0]) == (0, 2e-6)


def test_trials_are_read_as_optuna_reads_them(opened: Opener, store_url: str) -> None:
    search = opened(starts=STARTS)
    ends: tuple[tuple[Ending, float | None], ...] = (
        *(("complete", 1.25), ("complete", float("inf")), ("collapsed", None)),
        *(("pruned", 0.5), ("failed", None), ("stopped", None)),
    )
    for number, (state, p) in enumerate(ends):
        search.propose()
        for step, reached in enumerate((0.1, float("nan"), float("-inf"), 0.3)):
            search.report(number, step, reached)
        search.tell(number, state, p)
    search.propose()
    study = optuna.load_study(study_name="mood-topic", storage=store_url)
    study.enqueue_trial({"lr1": 1e-6}, user_attrs={"mine": [1, {"two": None}]})
    study.add_trial(
        create_trial(
            value=1.0,
            params={"other": "b", "count": 3},
            distributions={
                "other": CategoricalDistribution(("a", "b")),
                "count": IntDistribution(1, 9),
            },
        )
    )
    theirs = study.get_trials()
    ours = opened().begun()
    assert [repr(trial) for trial in ours] == [repr(trial) for trial in theirs]
    assert [repr(trial) for trial in search.begun()] == [repr(trial) for trial in theirs]
    assert len(ours) == 9


def test_one_look_at_the_trials_serves_flatness_and_proposal(opened: Opener) -> None:
    search = opened()
    begun = search.begun()
    with asked_of(search) as statements:
        assert search.flatness(None, begun) is None
        assert search.propose(begun=begun) is not None
    assert not [each for each in statements if "FROM trials" in each and "trial_id >" in each]


def in_order(at_once: int | None, pruner: str = "percentile") -> StudySpec:
    settings = SearchSettings(in_order=at_once, pruner=pruner)  # type: ignore[arg-type]
    return StudySpec(
        name="ordered",
        sequence=("mood", "topic"),
        data="sample",
        model="sample",
        search=settings,
        seed=7,
    )


def searched(at_once: int | None, pace: int, *, pruner: str = "percentile") -> list[object]:
    """Search with as many workers as may be at once, which end their trials in a random order."""
    search = Search(optuna.storages.InMemoryStorage(), in_order(at_once, pruner), SPACE, STARTS)
    draw = random.Random(pace)
    under_way: dict[int, int] = {}
    found: dict[int, object] = {}
    while len(found) < 24:
        if len(under_way) < (at_once or 2) and not search.must_wait():
            proposal = search.propose()
            assert proposal is not None
            under_way[proposal.number] = 0
            found[proposal.number] = proposal.learning_rates
        number = draw.choice(list(under_way))
        under_way[number] += 1
        search.report(number, under_way[number], p_of(100 * number + under_way[number]))
        prunes = search.should_prune(number)
        if prunes or under_way[number] == 5:
            search.tell(number, "pruned" if prunes else "complete", p_of(number))
            found[number] = (found[number], under_way.pop(number), prunes)
    return [found[number] for number in sorted(found) if number not in under_way][:20]


@pytest.mark.parametrize("pruner", ["percentile", "hyperband", "asha"])
def test_in_order_it_gives_the_same_trials_whoever_is_faster(pruner: str) -> None:
    one, other = (searched(3, pace, pruner=pruner) for pace in (1, 2))
    assert one == other
    assert len({str(trial) for trial in one}) == 20


def test_out_of_order_it_does_not() -> None:
    assert searched(None, 1) != searched(None, 2)


def test_in_order_the_next_waits_for_those_it_is_proposed_from(store_url: str) -> None:
    search = open_search(store_url, in_order(2), SPACE, STARTS)
    assert not search.must_wait()
    search.propose()
    assert not search.must_wait()
    search.propose()
    assert search.must_wait()
    search.tell(1, "complete", 1.0)
    assert search.must_wait()
    search.tell(0, "failed")
    assert not search.must_wait()
    search.close()


def test_of_many_trials_the_best_and_the_latest_are_learnt_from() -> None:
    trials = [
        create_trial(state=TrialState.COMPLETE, value=-float(number)) for number in range(1500)
    ]
    for number, trial in enumerate(trials):
        trial.number = number
    tpe = Seen("tpe", None)
    assert tpe.most_telling(trials[:1000], 1000) == trials[:1000]
    learnt_from = [trial.number for trial in tpe.most_telling(trials, 1500)]
    assert learnt_from == [*range(250), *range(750, 1500)]
    assert Seen("cma", None).most_telling(trials, 1500) == trials
    assert Seen("random", None).most_telling(trials, 1500) == []
