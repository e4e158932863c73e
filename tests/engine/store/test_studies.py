from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import func, select, text, update

from engine.errors import UsageError
from engine.spec import Source
from engine.store.connection import Store, open_store
from engine.store.deletion import delete_study
from engine.store.leases import become_proposer, is_proposer, leave_proposer
from engine.store.run_states import claim_run, control_run, finish_run
from engine.store.runs import enter_run, entries, get_run
from engine.store.schema import log, measurement, run, stage, study, worker
from engine.store.searches import studies_wanting_trials
from engine.store.states import LOST_AFTER, Desired, RunState
from engine.store.studies import (
    control_study,
    create_study,
    find_study,
    free_name,
    get_study,
)
from engine.store.workers import end_worker, write_log
from tests.engine.store.conftest import (
    kill_holder,
    new_study,
    new_trial,
    new_worker,
    study_spec,
)
from tests.recorded import DONE, copy_of, recorded_store


def test_a_study_is_read_as_it_was_written(store: Store) -> None:
    spec = study_spec(trials=17)
    study_id = create_study(store, spec, origin="import log.csv", desired="paused")
    known = get_study(store, study_id)
    assert (known.spec, known.name, known.trials) == (spec, "sst2-mrpc", 17)
    assert (known.origin, known.desired, known.reason) == ("import log.csv", "paused", None)


def test_a_name_is_taken_once(store: Store) -> None:
    new_study(store, "night")
    with pytest.raises(UsageError, match="there is a study named 'night'; choose another"):
        new_study(store, "night")
    assert new_study(store, "day") == find_study(store, "day").id


def test_a_free_name_counts_on(store: Store) -> None:
    assert free_name(store, "night") == "night"
    for name in ("night", "night-2", "night-4"):
        new_study(store, name)
    assert free_name(store, "night") == "night-3"


def test_a_study_is_found_by_its_name_or_the_beginning_of_it(store: Store) -> None:
    ids = {name: new_study(store, name) for name in ("sst2-mrpc", "sst2-mrpc-2", "qqp-mrpc")}
    assert find_study(store, "sst2-mrpc").id == ids["sst2-mrpc"]
    assert find_study(store, "qqp").id == ids["qqp-mrpc"]
    with pytest.raises(UsageError, match=r"'sst2' fits several studies \(sst2-mrpc, sst2-mrpc-2\)"):
        find_study(store, "sst2")
    with pytest.raises(UsageError, match="no study named 'rte'; use one of sst2-mrpc, sst2-mrpc-2"):
        find_study(store, "rte")


def test_an_empty_store_says_how_to_begin(store: Store) -> None:
    with pytest.raises(UsageError, match="no study named 'rte'; start the first one with search"):
        find_study(store, "rte")


def test_only_running_searches_below_their_target_want_trials(store: Store) -> None:
    full, fewer, more = (new_study(store, name, trials=2) for name in ("full", "fewer", "more"))
    paused = new_study(store, "paused")
    create_study(store, study_spec("imported"), origin="import log.csv")
    control_study(store, paused, "paused")
    new_trial(store, full, 0)
    new_trial(store, full, 1)
    new_trial(store, more, 0)
    assert studies_wanting_trials(store) == [fewer, more]


@pytest.mark.parametrize("desired", ["paused", "stopped"])
def test_control_of_a_study_reaches_its_unfinished_runs_alone(
    store: Store, desired: Desired
) -> None:
    study_id, other_id = new_study(store), new_study(store, "other")
    worker_id = new_worker(store)
    done = new_trial(store, study_id, 0)
    claim_run(store, worker_id, threads=1)
    finish_run(store, done, worker_id, state="complete")
    held = new_trial(store, study_id, 1)
    claim_run(store, worker_id, threads=1)
    other = new_trial(store, other_id, 0)

    control_study(store, study_id, desired, reason="as I like")
    assert (get_study(store, study_id).desired, get_study(store, study_id).reason) == (
        desired,
        "as I like",
    )
    assert get_run(store, held).desired == desired
    assert get_run(store, held).state == "running"
    assert get_run(store, done).desired == "running"
    assert get_run(store, other).desired == "running"


def test_trials_that_come_after_control_know_it(store: Store) -> None:
    study_id = new_study(store)
    control_study(store, study_id, "paused")
    assert get_run(store, new_trial(store, study_id, 0)).desired == "paused"


@pytest.mark.parametrize(
    ("desired", "at_once", "later"),
    [
        ("stopped", ["stopped", "stopped"], ["stopped", "stopped"]),
        ("paused", ["running", "queued"], ["paused", "queued"]),
    ],
)
def test_runs_that_no_living_worker_holds_obey_at_once_or_when_a_worker_looks(
    store: Store, desired: Desired, at_once: list[RunState], later: list[RunState]
) -> None:
    study_id = new_study(store)
    lost, queued = new_trial(store, study_id, 0), new_trial(store, study_id, 1)
    claim_run(store, new_worker(store), threads=1)
    kill_holder(store, lost)
    control_study(store, study_id, desired)
    assert [get_run(store, each).state for each in (lost, queued)] == at_once
    assert claim_run(store, new_worker(store), threads=1) is None
    assert [get_run(store, each).state for each in (lost, queued)] == later


def test_control_of_one_run_leaves_its_neighbours_alone(store: Store) -> None:
    study_id = new_study(store)
    first, second = new_trial(store, study_id, 0), new_trial(store, study_id, 1)
    control_run(store, first, "stopped")
    assert get_run(store, first).state == "stopped"
    assert get_run(store, second).state == "queued"


def test_what_has_ended_cannot_be_resumed(store: Store) -> None:
    study_id = new_study(store)
    run_id = new_trial(store, study_id, 0)
    control_study(store, study_id, "stopped")
    control_study(store, study_id, "running")
    assert (get_run(store, run_id).state, get_run(store, run_id).desired) == ("stopped", "stopped")


def test_a_wrong_name_says_how_many_more_studies_there_are(store: Store) -> None:
    for number in range(8):
        new_study(store, f"study-{number}")
    with pytest.raises(UsageError, match=r"use one of study-3, .*, study-7 and 3 more$"):
        find_study(store, "nosuch")


def test_one_worker_at_a_time_proposes(store: Store) -> None:
    study_id, other_id = new_study(store), new_study(store, "other")
    one, two = new_worker(store, 1), new_worker(store, 2)
    assert become_proposer(store, study_id, one)
    assert become_proposer(store, study_id, one)
    assert not become_proposer(store, study_id, two)
    assert become_proposer(store, other_id, two)
    leave_proposer(store, study_id, two)
    assert not become_proposer(store, study_id, two)
    leave_proposer(store, study_id, one)
    assert become_proposer(store, study_id, two)


@pytest.mark.parametrize("known_to_be_dead", [True, False])
def test_the_seat_of_a_proposer_that_died_is_free(store: Store, known_to_be_dead: bool) -> None:
    study_id = new_study(store)
    one, two = new_worker(store, 1), new_worker(store, 2)
    become_proposer(store, study_id, one)
    if known_to_be_dead:
        end_worker(store, one)
    else:
        with store.writing() as connection:
            heard_long_ago = worker.c.heartbeat_at - LOST_AFTER - 1
            connection.execute(
                update(worker).where(worker.c.id == one).values(heartbeat_at=heard_long_ago)
            )
    assert become_proposer(store, study_id, two)
    assert is_proposer(store, study_id, two)
    leave_proposer(store, study_id, one)
    assert not is_proposer(store, study_id, one)
    assert not become_proposer(store, study_id, one)


LIVE_ID, DONE_ID = 1, 2


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a recorded store, not to be written to."""
    return recorded_store(tmp_path_factory.mktemp("recorded") / "studies.db")


@pytest.fixture
def recorded(recording: Path, tmp_path: Path) -> Iterator[Store]:
    store = open_store(str(copy_of(recording, tmp_path)))
    yield store
    store.close()


def _rows(store: Store, study_id: int) -> list[int]:
    of_study = select(run.c.id).where(run.c.study_id == study_id)
    queries = [
        select(func.count()).select_from(study).where(study.c.id == study_id),
        select(func.count()).select_from(run).where(run.c.study_id == study_id),
        select(func.count()).select_from(stage).where(stage.c.run_id.in_(of_study)),
        select(func.count()).select_from(measurement).where(measurement.c.run_id.in_(of_study)),
    ]
    with store.reading() as connection:
        return [connection.execute(query).scalar_one() for query in queries]


def test_everything_of_the_study_goes_and_nothing_else(recorded: Store) -> None:
    others = _rows(recorded, LIVE_ID)
    assert all(_rows(recorded, DONE_ID))
    delete_study(recorded, DONE_ID)
    assert _rows(recorded, DONE_ID) == [0, 0, 0, 0]
    assert _rows(recorded, LIVE_ID) == others


def test_no_measurement_is_left_without_its_run(recorded: Store) -> None:
    delete_study(recorded, DONE_ID)
    orphans = select(func.count()).where(measurement.c.run_id.not_in(select(run.c.id)))
    with recorded.reading() as connection:
        assert connection.execute(orphans).scalar_one() == 0


def test_a_study_at_work_stays(recorded: Store) -> None:
    before = _rows(recorded, LIVE_ID)
    with pytest.raises(UsageError, match="'rotten-tomatoes:privacy-qa' is being worked on"):
        delete_study(recorded, LIVE_ID)
    assert _rows(recorded, LIVE_ID) == before


def test_a_study_whose_worker_is_gone_goes(recorded: Store) -> None:
    control_study(recorded, LIVE_ID, "stopped")
    end_worker(recorded, 1)
    delete_study(recorded, LIVE_ID)
    assert _rows(recorded, LIVE_ID) == [0, 0, 0, 0]


def test_no_such_study_is_no_trouble(recorded: Store) -> None:
    delete_study(recorded, 99)
    assert all(_rows(recorded, DONE_ID))


def test_checkpoints_go_too(recorded: Store) -> None:
    with recorded.reading() as connection:
        of_study = select(run.c.id).where(run.c.study_id == DONE_ID)
        run_id = connection.execute(of_study).scalars().first()
    folder = recorded.folder / f"run-{run_id}"
    folder.mkdir(parents=True)
    (folder / "checkpoint.safetensors").write_bytes(b"weights")
    delete_study(recorded, DONE_ID)
    assert not folder.exists()


def test_optunas_rows_go_too(recorded: Store) -> None:
    optuna = pytest.importorskip("optuna")
    optuna.logging.disable_default_handler()
    for name in (DONE, "another"):
        in_optuna = optuna.create_study(study_name=name, storage=recorded.url, direction="maximize")
        trial = in_optuna.ask({"lr0": optuna.distributions.FloatDistribution(1e-7, 1e-3, log=True)})
        trial.report(0.5, 1)
        trial.set_user_attr("label", "flat 1e-5")
        in_optuna.tell(trial, 1.0)
    delete_study(recorded, DONE_ID)
    assert optuna.get_all_study_names(recorded.url) == ["another"]
    tables = ("trials", "trial_params", "trial_values", "trial_intermediate_values")
    with recorded.reading() as connection:
        counts = [
            connection.execute(text(f"SELECT count(*) FROM {t}")).scalar_one() for t in tables
        ]
    assert counts == [1, 1, 1, 1]


def test_the_log_of_its_trials_goes_and_that_of_others_stays(store: Store) -> None:
    kept, deleted = (new_trial(store, new_study(store, name), 0) for name in ("kept", "deleted"))
    for run_id in (kept, deleted, None):
        write_log(store, "info", "said", run_id=run_id)
    delete_study(store, find_study(store, "deleted").id)
    with store.reading() as connection:
        left = connection.execute(select(log.c.run_id).order_by(log.c.id)).scalars().all()
    assert left == [kept, None]


def test_no_id_comes_again(store: Store) -> None:
    def once() -> tuple[int, ...]:
        study_id = new_study(store, "again")
        run_id = new_trial(store, study_id, 0)
        enter_run(store, run_id, "combined", Source())
        write_log(store, "info", "said", run_id=run_id)
        (entered,) = entries(store)
        with store.reading() as connection:
            line = connection.execute(select(log.c.id)).scalar_one()
        return study_id, run_id, entered.id, line

    before = once()
    delete_study(store, before[0])
    after = once()
    assert all(new > old for new, old in zip(after, before, strict=True))


def test_those_who_begin_the_same_search_at_once_get_numbers(tmp_path: Path) -> None:
    path = str(tmp_path / "studies.db")

    def begin(_: int) -> None:
        store = open_store(path)
        create_study(store, study_spec("night"), numbered=True)
        store.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(begin, range(12)))
    store = open_store(path)
    assert free_name(store, "night") == "night-13"
    store.close()
