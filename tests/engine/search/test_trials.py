import math
from pathlib import Path
from sqlite3 import Connection

import optuna
import pytest
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import create_engine, event, text
from sqlalchemy.pool import ConnectionPoolEntry

from engine.errors import EngineError, StorageError, UsageError
from engine.profiles.grouping import make_grouping
from engine.search.endings import Ending
from engine.search.spaces import FlatSpace, LlrdSpace, ProfileSpace, Space, WarmStart
from engine.search.storage import AGAIN, ENDED, LABEL
from engine.search.trials import open_search
from engine.store.connection import open_store, sqlite_path
from tests.engine.search.conftest import SPACE, Opener, study_spec

TWO = make_grouping("paper", 2)
STARTS = tuple(WarmStart(f"flat {rate}", (rate,) * 3) for rate in (1e-6, 1e-5, 1e-4))


def known_to_optuna(store_url: str) -> list[FrozenTrial]:
    return optuna.load_study(study_name="mood-topic", storage=store_url).trials


def test_warm_starts_come_first_and_once(opened: Opener) -> None:
    search = opened(starts=STARTS)
    proposals = [search.propose() for _ in range(5)]
    assert [proposal.number for proposal in proposals] == [0, 1, 2, 3, 4]
    assert [proposal.label for proposal in proposals] == [*(s.label for s in STARTS), None, None]
    assert [p.learning_rates for p in proposals[:3]] == [s.learning_rates for s in STARTS]


def test_another_process_goes_on_with_the_warm_starts_of_the_first(
    opened: Opener, store_url: str
) -> None:
    opened(starts=STARTS).propose()
    later = (WarmStart("best of another", (5e-5,) * 3), *STARTS)
    second = opened(starts=later)
    labels = [second.propose().label for _ in range(3)]
    assert labels == ["flat 1e-05", "flat 0.0001", None]
    assert [trial.user_attrs.get(LABEL) for trial in known_to_optuna(store_url)][:2] == [
        "flat 1e-06",
        "flat 1e-05",
    ]


def test_a_warm_start_enqueued_by_a_process_that_died_is_asked_next(
    opened: Opener, store_url: str
) -> None:
    search = opened(starts=STARTS)
    search.propose()
    study = optuna.load_study(study_name="mood-topic", storage=store_url)
    study.enqueue_trial(SPACE.parameters((1e-5,) * 3), user_attrs={LABEL: STARTS[1].label})
    labels = [opened(starts=STARTS).propose().label for _ in range(3)]
    assert labels == ["flat 1e-05", "flat 0.0001", None]


def test_an_asking_that_was_cut_short_is_failed_and_its_warm_start_asked_again(
    opened: Opener, store_url: str
) -> None:
    half = optuna.create_study(study_name="mood-topic", storage=store_url, direction="maximize")
    half.enqueue_trial(SPACE.parameters((1e-6,) * 3), user_attrs={LABEL: STARTS[0].label})
    half.ask().suggest_float("lr0", 1e-7, 1e-4, log=True)

    search = opened(starts=STARTS)
    assert search.unfinished() == {0: None}
    search.tell(0, "failed")
    assert search.unfinished() == {}
    again = search.propose()
    assert (again.number, again.label) == (1, "flat 1e-06")


def test_a_trial_that_nobody_remembered_is_found_again(opened: Opener) -> None:
    search = opened(starts=STARTS)
    proposals = [search.propose() for _ in range(4)]
    search.tell(1, "complete", 1.0)
    assert opened().unfinished() == {each.number: each for each in proposals if each.number != 1}


def test_optuna_is_told_how_a_trial_ended(opened: Opener, store_url: str) -> None:
    told: dict[Ending, tuple[TrialState, float | None]] = {
        "complete": (TrialState.COMPLETE, 1.4),
        "pruned": (TrialState.PRUNED, 1.2),
        "collapsed": (TrialState.PRUNED, 1.2),
        "stopped": (TrialState.FAIL, None),
        "failed": (TrialState.FAIL, None),
    }
    search = opened()
    for state in told:
        number = search.propose().number
        search.report(number, 1, 1.1)
        search.report(number, 2, 1.2)
        search.tell(number, state, 1.4)
    known = known_to_optuna(store_url)
    assert [(trial.state, trial.value) for trial in known] == list(told.values())


def test_settling_again_changes_nothing(opened: Opener, store_url: str) -> None:
    one, other = opened(), opened()
    number = one.propose().number
    one.tell(number, "complete", 1.4)
    other.tell(number, "failed")
    other.tell(number, "complete", 0.1)
    other.report(number, 1, 0.1)
    assert not other.should_prune(number)
    (trial,) = known_to_optuna(store_url)
    assert (trial.state, trial.value, trial.intermediate_values) == (TrialState.COMPLETE, 1.4, {})


def test_a_resumed_trial_may_report_a_step_again(opened: Opener, store_url: str) -> None:
    one, other = opened(), opened()
    number = one.propose().number
    one.report(number, 1, 1.1)
    one.report(number, 2, 1.2)
    other.report(number, 2, 1.25)
    (trial,) = known_to_optuna(store_url)
    assert trial.intermediate_values == {1: 1.1, 2: 1.25}


def test_gp_learns_from_pruned_and_collapsed_trials(opened: Opener, store_url: str) -> None:
    search = opened(sampler="gp", pruner="asha")
    endings: list[tuple[Ending, float | None, float | None]] = [
        ("collapsed", None, None),
        ("complete", 1.4, 1.4),
        ("pruned", None, 1.3),
        ("pruned", 1.35, 1.35),
        ("collapsed", None, 1.3),
        ("collapsed", math.nan, 1.25),
    ]
    for number, (state, p, expected) in enumerate(endings):
        assert search.propose().number == number
        if state == "pruned" or expected == 1.25:
            search.report(number, 1, 1.3 if state == "pruned" else 1.25)
        search.tell(number, state, p)
    trials = known_to_optuna(store_url)
    assert [trial.value for trial in trials] == [expected for _, _, expected in endings]
    assert [trial.state for trial in trials] == [TrialState.PRUNED] + [TrialState.COMPLETE] * 5
    assert [trial.user_attrs.get(ENDED, "complete") for trial in trials] == [
        state for state, _, _ in endings
    ]


def test_a_store_whose_path_has_braces_and_percents_is_opened_where_it_is(tmp_path: Path) -> None:
    path = tmp_path / "{my} 100%" / "studies.db"
    path.parent.mkdir()
    store = open_store(str(path))
    search = open_search(store.url, study_spec(), SPACE)
    search.propose()
    search.close()
    with store.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM trials")).scalar_one() == 1
    store.close()


def test_an_unknown_trial_is_one_line(opened: Opener) -> None:
    with pytest.raises(EngineError, match="trial 5 of study 'mood-topic' is missing"):
        opened().tell(5, "complete", 1.0)


def test_tables_of_another_optuna_are_refused(store_url: str, opened: Opener) -> None:
    opened().close()
    engine = create_engine(store_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'v99.0.0'"))
    engine.dispose()
    with pytest.raises(UsageError, match="from another version of Optuna"):
        opened()


def test_a_full_disk_is_one_line(opened: Opener) -> None:
    search = opened()
    number = search.propose().number
    storage = search._opened
    assert isinstance(storage, RDBStorage)
    storage.engine.dispose()
    event.listen(storage.engine, "connect", fill_up)

    def report_on_and_on() -> None:
        for step in range(100_000):
            search.report(number, step, 1.0)

    with pytest.raises(EngineError, match="disk is full; free some space") as caught:
        report_on_and_on()
    assert "\n" not in str(caught.value)


def fill_up(connection: Connection, _: ConnectionPoolEntry) -> None:
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")


def test_nothing_is_said_while_searching(
    opened: Opener, capfd: pytest.CaptureFixture[str], recwarn: pytest.WarningsRecorder
) -> None:
    for sampler in ("tpe", "cma", "random"):
        search = opened(starts=STARTS, sampler=sampler)
        for _ in range(4):
            number = search.propose().number
            search.report(number, 1, 1.0)
            search.should_prune(number)
            search.tell(number, "complete", 1.0)
    assert capfd.readouterr() == ("", "")
    assert [str(each.message) for each in recwarn] == []


@pytest.mark.parametrize(
    ("space", "start", "options"),
    [
        (FlatSpace((1e-7, 1e-4), 4), (2e-5,), {"lr": 2e-5}),
        (LlrdSpace((1e-7, 1e-4), TWO), (5e-5, 0.9), {"lr": 5e-5, "decay": 0.9}),
    ],
)
def test_a_tied_search_proposes_options_and_the_rates_they_make(
    opened: Opener, space: Space, start: tuple[float, ...], options: dict[str, float]
) -> None:
    starts = (WarmStart("start", space.rates(start)), WarmStart("elsewhere", (1e-5, 1e-6, 1e-5)))
    search = opened(starts=starts, space=space)
    first, second = search.propose(), search.propose()
    assert (first.label, first.options) == ("start", options)
    assert first.learning_rates == space.rates(start)
    assert second.label is None
    assert second.options.keys() == options.keys()
    assert second.learning_rates == space.rates(tuple(second.options.values()))
    assert opened(space=space).unfinished() == {0: first, 1: second}


def test_a_choice_that_is_added_later_does_not_stop_a_search(opened: Opener) -> None:
    search = opened()
    search.tell(search.propose().number, "complete", 1.0)
    wider = opened(space=ProfileSpace((*SPACE.bounds, (1e-7, 1e-3))))
    assert len(wider.propose().learning_rates) == 4


@pytest.mark.parametrize(
    ("sampler", "ended"),
    [("tpe", "failed"), ("tpe", "pruned"), ("gp", "collapsed")],  # it learns from that otherwise
)
def test_what_a_trial_came_to_when_run_again_is_told_beside_it(
    ended: Ending, sampler: str, opened: Opener, store_url: str
) -> None:
    search = opened(sampler=sampler)
    first = search.propose()
    search.report(0, 1, 1.1)
    search.tell(0, ended)
    search.report(0, 1, 1.1)
    assert not search.should_prune(0), "a person wants to see it through"
    for process in (search, opened(sampler=sampler)):
        process.tell(0, "complete", 1.4)
    before, again = known_to_optuna(store_url)
    assert search.endings([0]) == {0: "complete"}
    assert (again.state, again.value) == (TrialState.COMPLETE, 1.4)
    assert again.params == before.params
    assert again.user_attrs[AGAIN] == first.number
    assert search.propose().number == 2
    assert search.unfinished().keys() == {2}


@pytest.mark.parametrize(
    ("second", "written"),
    [("complete", "state_values"), ("collapsed", "state_values"), ("collapsed", "user_attr")],
)
def test_an_end_is_not_lost_where_another_process_ends_the_trial_meanwhile(
    second: Ending,
    written: str,
    opened: Opener,
    store_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, other = opened(), opened()
    one.propose()
    write = getattr(one._storage, f"set_trial_{written}")

    def end_and_write(*what: object) -> None:
        other.tell(0, "failed")
        write(*what)

    monkeypatch.setattr(one._storage, f"set_trial_{written}", end_and_write)
    one.tell(0, second, 1.4)
    other.tell(0, "failed")
    assert one.endings([0]) == other.endings([0]) == {0: second}


def test_a_trial_that_fails_again_is_not_told_again(opened: Opener, store_url: str) -> None:
    search = opened()
    search.propose()
    for state in ("failed", "stopped", "failed"):
        search.tell(0, state)
    assert len(known_to_optuna(store_url)) == 1


def test_a_store_that_was_taken_away_is_not_made_again(opened: Opener, store_url: str) -> None:
    path = sqlite_path(store_url)
    assert path is not None
    path.rename(path.with_name("away"))
    with pytest.raises(StorageError, match="cannot be written"):
        opened()
    assert not path.exists()


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE trials SET state = 'FLYING'",
        "UPDATE trials SET datetime_start = 'yesterday'",
        "UPDATE trial_params SET distribution_json = '{'",
        "UPDATE trial_params SET distribution_json = '[]'",
        "UPDATE trial_values SET value_type = 'DEAREST'",
        "UPDATE trial_user_attributes SET value_json = '{'",
    ],
)
def test_a_damaged_trial_is_said_in_one_line(opened: Opener, store_url: str, damage: str) -> None:
    search = opened(starts=STARTS)
    search.tell(search.propose().number, "complete", 1.0)
    engine = create_engine(store_url)
    with engine.begin() as connection:
        connection.execute(text(damage))
    engine.dispose()
    with pytest.raises(EngineError, match="is damaged where Optuna keeps its trials") as raised:
        opened(starts=STARTS).propose()
    assert "\n" not in str(raised.value)
