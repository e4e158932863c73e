"""What the screen sees of a store."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, insert, update

from bertcl_tui.store.filters import NumberTerm, WordTerm, parse_filter
from bertcl_tui.store.reader import Reader
from bertcl_tui.store.study_rows import Best
from bertcl_tui.store.trial_rows import Order, TrialRow
from bertcl_tui.study.columns import TRIAL_COLUMNS, trial_fields
from bertcl_tui.style.standing import at_what, standing_of, worker_word
from bertcl_tui.style.wording import headway
from engine.errors import EngineError, UsageError
from engine.spec import SearchSettings, StudySpec
from engine.spec.search import Spending
from engine.store.connection import Store, open_store
from engine.store.measurements import (
    Progress,
    Spent,
    StageRecord,
    record_progress,
    record_stages,
)
from engine.store.run_states import claim_run, create_run, finish_run, release_run
from engine.store.runs import Scores
from engine.store.schema import measurement, run
from engine.store.states import LOST_AFTER, SET_ASIDE, STALLED_AFTER
from engine.store.studies import control_study, create_study, get_study
from engine.store.workers import (
    Telemetry,
    beat_for_worker,
    end_worker,
    register_worker,
    write_log,
)
from engine.work.processes import identity_of
from tests.postgres import PostgresServer
from tests.recorded import DONE, LIVE, PAUSED, TOKENS_OF_A_STEP, recorded_store

LIVE_ID, DONE_ID, PAUSED_ID = 1, 2, 3
FIELDS = trial_fields(8)


@pytest.fixture
def writer(store: Path) -> Store:
    return open_store(str(store))


@pytest.fixture(scope="module")
def on_a_server(postgres: PostgresServer) -> Iterator[Reader]:
    """Return a reader of a recorded store that nobody writes to."""
    with postgres.new_database() as url:
        reader = Reader(recorded_store(url), partial(float, time.time()))
        yield reader
        reader.close()


@pytest.fixture(params=["reader", "on_a_server"])
def any_reader(request: pytest.FixtureRequest) -> Reader:
    """Return a reader of a recorded store in a file, then of one on a server."""
    reader: Reader = request.getfixturevalue(request.param)
    return reader


def _numbers(reader: Reader, text: str, **more: object) -> list[int]:
    where = parse_filter(text, FIELDS)
    return [row.number for row in reader.trials(LIVE_ID, where=where, **more).rows]  # type: ignore[arg-type]


def test_no_store_is_an_empty_one_and_stays_none(tmp_path: Path) -> None:
    path = tmp_path / "studies.db"
    reader = Reader(str(path))
    assert reader.version() == 0
    assert reader.studies() == ()
    assert reader.study(1) is None
    assert reader.trials(1).rows == ()
    assert reader.curves([1]) == ()
    assert reader.workers() == ()
    assert reader.log.last() == ()
    assert not path.exists()


def test_a_store_named_by_a_url_need_not_exist_either(tmp_path: Path) -> None:
    reader = Reader(f"sqlite:///{tmp_path / 'studies.db'}")
    assert not reader.exists
    assert reader.studies() == ()
    assert not (tmp_path / "studies.db").exists()


def test_a_store_made_later_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "studies.db"
    reader = Reader(str(path))
    assert reader.studies() == ()
    writer = open_store(str(path))
    create_study(writer, StudySpec(name="a:b", sequence=("a", "b"), data="hub", model="m"))
    assert [study.name for study in reader.studies()] == ["a:b"]


def test_a_store_put_in_the_place_of_another_is_seen(tmp_path: Path) -> None:
    path, other = tmp_path / "studies.db", tmp_path / "other.db"
    for place in (path, other):
        open_store(str(place)).close()
    reader = Reader(str(path))
    assert reader.studies() == ()
    with closing(open_store(str(other))) as made:
        create_study(made, StudySpec(name="a:b", sequence=("a", "b"), data="hub", model="m"))
    other.replace(path)
    assert len(reader.studies()) == 1
    path.unlink()
    assert len(reader.studies()) == 1
    reader.close()


def test_a_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear all, this is no database, but it is long enough for a header.")
    with pytest.raises(UsageError, match="is not a database"):
        Reader(str(path)).version()


def test_the_version_changes_with_every_write_of_others(reader: Reader, writer: Store) -> None:
    before = reader.version()
    assert reader.version() == before
    write_log(writer, "info", "hello")
    after = reader.version()
    assert after != before
    assert reader.version() == after


def test_counts_and_states_of_studies(any_reader: Reader) -> None:
    live, done, paused = any_reader.studies()
    assert (live.name, done.name, paused.name) == (LIVE, DONE, PAUSED)
    assert (live.state, done.state, paused.state) == ("running", "complete", "paused")
    assert live.counts == {
        "complete": 24,
        "pruned": 3,
        "collapsed": 2,
        "failed": 1,
        "running": 1,
    }
    assert (live.ended, live.target) == (30, 60)
    assert (live.preset, live.grouping) == ("default", "paper")


def test_the_best_trial_and_the_climb_to_it(reader: Reader) -> None:
    live, _, paused = reader.studies()
    rows = [row for row in reader.trials(LIVE_ID).rows if row.p is not None]
    best = max(rows, key=lambda row: row.p or 0.0)
    assert live.best == Best(number=best.number, p=best.p, p_o=best.p_o, p_s=best.p_s)
    climb: list[tuple[int, float]] = []
    for row in sorted(rows, key=lambda row: row.number):
        if row.p is not None and (not climb or row.p > climb[-1][1]):
            climb.append((row.number, row.p))
    assert list(live.climb) == climb
    assert paused.best is None
    assert paused.climb == ()


def test_the_climb_follows_a_new_best(reader: Reader, writer: Store) -> None:
    before = reader.study(LIVE_ID)
    finish_run(writer, 43, 1, state="complete", scores=Scores(p_o=0.9, p_s=0.9))
    after = reader.study(LIVE_ID)
    assert before is not None
    assert after is not None
    assert after.climb == (*before.climb, (30, 1.8))
    assert after.best == Best(number=30, p=1.8, p_o=0.9, p_s=0.9)


def test_the_end_is_expected_by_the_last_trials(reader: Reader) -> None:
    live = reader.study(LIVE_ID)
    assert live is not None
    # of the last 20 ended: 15 complete, 2 pruned (150 steps), 2 collapsed or failed at 60 each
    busy = [row.busy_seconds for row in reader.trials(LIVE_ID).rows if row.number < 30]
    recent = sorted(
        ((row.run_id, row.busy_seconds) for row in reader.trials(LIVE_ID).rows if row.number < 30),
        reverse=True,
    )[:20]
    assert len(busy) == 30
    mean = sum(seconds for _, seconds in recent) / 20
    left_of_running = 1 - 146 / 200
    assert live.eta == pytest.approx(mean * (left_of_running + 60 - 31))
    assert live.rate == pytest.approx(10.8)
    assert live.tokens_rate == pytest.approx(10.8 * TOKENS_OF_A_STEP)


def _budgeted_study(writer: Store, *steps: int) -> int:
    """Make a study with a budget of 5 epochs; its trials of 20 steps take 2 each, 10 s a step."""
    spec = StudySpec(
        name="budgeted",
        sequence=("a", "b"),
        data="hub",
        model="m",
        search=SearchSettings(trials=9, budget_epochs=5.0),
    )
    study = create_study(writer, spec)
    worker = register_worker(writer, identity_of(), device="cpu", threads=1, log_file=None)
    for number, step in enumerate(steps):
        run = create_run(writer, spec.trial(number, (1e-5, 1e-5)), study_id=study, number=number)
        claim_run(writer, worker, threads=1)
        stages = (
            StageRecord(stage=0, task="a", first_step=0, last_step=10, epochs=1),
            StageRecord(stage=1, task="b", first_step=10, last_step=20, epochs=1),
        )
        record_stages(writer, run, worker, stages)
        record_progress(writer, run, worker, Progress(step=step, steps=20))
        finish_run(writer, run, worker, state="pruned", busy_seconds=step * 10.0)
    return study


@pytest.fixture
def fresh(tmp_path: Path) -> Store:
    return open_store(str(tmp_path / "fresh.db"))


def test_a_study_within_its_budget_says_what_is_left(fresh: Store) -> None:
    study = Reader(fresh.url).study(_budgeted_study(fresh, 20, 20))
    assert study is not None
    assert study.spending == Spending(spent=4.0, budget=5.0)
    assert study.state == "queued"
    assert headway(study) == "2 trials · 4/5 epochs"


def test_a_budget_that_is_spent_completes_a_study(fresh: Store) -> None:
    study = Reader(fresh.url).study(_budgeted_study(fresh, 20, 20, 10))
    assert study is not None
    assert study.spending == Spending(spent=5.0, budget=5.0)
    assert (study.state, study.ended, study.eta) == ("complete", 3, None)


def test_the_end_is_expected_where_the_budget_ends(fresh: Store) -> None:
    study_id = _budgeted_study(fresh, 10, 10)
    create_run(
        fresh, get_study(fresh, study_id).spec.trial(2, (1e-5, 1e-5)), study_id=study_id, number=2
    )
    claim_run(fresh, 1, threads=1)
    study = Reader(fresh.url).study(study_id)
    assert study is not None
    # 2 of 5 epochs gone in two trials: the one that runs and two more are left, 100 s each
    assert (study.state, study.eta) == ("running", pytest.approx(300.0))


@pytest.mark.parametrize(
    ("seconds", "state"),
    [(0.0, "running"), (LOST_AFTER + 1, "lost")],
)
def test_silence_makes_a_run_lost(
    store: Path, clock: Callable[[], float], seconds: float, state: str
) -> None:
    reader = Reader(str(store), lambda: clock() + seconds)
    assert reader.trials(LIVE_ID, limit=1).rows[0].state == state
    assert reader.studies()[0].state == state
    assert reader.workers()[0].state == state
    assert reader.studies()[0].counts[state] == 1  # type: ignore[index]


def test_a_worker_that_lives_is_starting_until_it_was_heard_of(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "own.db"))
    reader = Reader(store.url, lambda: time.time() + 10 * LOST_AFTER)
    worker_id = register_worker(store, identity_of(), device="auto", threads=1, log_file=None)
    assert worker_word(reader.workers()[0]) == "starting"
    beat_for_worker(store, worker_id, Telemetry(cpu_percent=0.0))
    assert worker_word(reader.workers()[0]) == "lost"


def test_a_worker_that_learns_several_says_how_many_and_which(fresh: Store) -> None:
    study_id = _budgeted_study(fresh)
    (worker,) = Reader(fresh.url).workers()
    spec = get_study(fresh, study_id).spec
    for number in range(2):
        trial = spec.trial(number, (1e-5, 1e-5))
        run_id = create_run(fresh, trial, study_id=study_id, number=number)
        claim_run(fresh, worker.id, threads=1)
        spent = Spent(learning=1.0, measuring=0.0, waiting=0.0)
        progress = Progress(step=4, steps=20, rate=2.0, tokens_rate=10.0, spent=spent)
        record_progress(fresh, run_id, worker.id, progress)
    (row,) = Reader(fresh.url).workers()
    assert at_what(row) == "2 of budgeted: #0, #1"
    assert (row.share, row.rate, row.tokens_rate, row.eta) == (0.2, 4.0, 20.0, 8.0)
    assert row.spent == (spent, spent)


def test_the_end_is_expected_no_later_while_a_worker_is_between_two_trials(fresh: Store) -> None:
    study_id = _budgeted_study(fresh, 10)
    spec = get_study(fresh, study_id).spec
    create_run(fresh, spec.trial(1, (1e-5, 1e-5)), study_id=study_id, number=1)
    claim_run(fresh, 1, threads=1)
    alone = Reader(fresh.url).study(study_id)
    register_worker(fresh, identity_of(os.getppid()), device="cpu", threads=1, log_file=None)
    between = Reader(fresh.url).study(study_id)
    assert alone is not None
    assert between is not None
    assert alone.eta == pytest.approx(2 * (between.eta or 0.0))


def test_workers_are_counted_only_where_an_end_is_to_be_expected(fresh: Store) -> None:
    study_id = _budgeted_study(fresh, 10)
    reader, counted = Reader(fresh.url), list[str]()

    def note(_: object, __: object, statement: str, *___: object) -> None:
        if "count(*)" in statement and "FROM cl_worker" in statement:
            counted.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        assert [study.state for study in reader.studies()] == ["queued"]
        assert counted == []
        spec = get_study(fresh, study_id).spec
        create_run(fresh, spec.trial(1, (1e-5, 1e-5)), study_id=study_id, number=1)
        claim_run(fresh, 1, threads=1)
        assert [study.state for study in reader.studies()] == ["running"]
        assert len(counted) == 1
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def test_the_end_is_expected_by_the_workers_where_each_learns_several(fresh: Store) -> None:
    study_id = _budgeted_study(fresh, 10)
    spec = get_study(fresh, study_id).spec
    for number in (1, 2):
        trial = spec.trial(number, (1e-5, 1e-5))
        create_run(fresh, trial, study_id=study_id, number=number)
        claim_run(fresh, 1, threads=1)
    study = Reader(fresh.url).study(study_id)
    assert study is not None
    # 1 of 5 epochs gone in one trial: the two that run and two more are left, 100 s of its each
    assert study.eta == pytest.approx(400.0)


def test_a_worker_in_trouble_says_what_it_waits_for(store: Path, writer: Store) -> None:
    reader = Reader(str(store))
    beat_for_worker(writer, 1, Telemetry(cpu_percent=0.0, waits_for="the disk is full"))
    (row,) = reader.workers()
    assert (worker_word(row), at_what(row)) == ("waiting", "waits: the disk is full")
    beat_for_worker(writer, 1, Telemetry(cpu_percent=0.0))
    (row,) = reader.workers()
    assert (worker_word(row), at_what(row)) == ("running", f"#30 {LIVE}")


def test_a_study_that_was_set_aside_is_paused_with_the_reason(writer: Store, store: Path) -> None:
    (study,) = (row for row in Reader(str(store)).studies() if row.name == PAUSED)
    control_study(writer, study.id, "paused", f"{SET_ASIDE}no model folder 'm'")
    row = Reader(str(store)).study(study.id)
    assert row is not None
    assert (row.state, row.is_set_aside) == ("paused", True)
    assert "no model folder" in standing_of(row, (), str)
    control_study(writer, study.id, "paused", "5 trials failed in a row")
    row = Reader(str(store)).study(study.id)
    assert row is not None
    assert row.state == "failed"


def test_no_step_for_long_makes_a_living_run_stalled(store: Path, writer: Store) -> None:
    later = time.time() + STALLED_AFTER + 1
    with writer.writing() as connection:
        connection.exec_driver_sql("UPDATE cl_run SET heartbeat_at = ? WHERE id = 43", (later,))
    reader = Reader(str(store), lambda: later)
    assert reader.trials(LIVE_ID, limit=1).rows[0].state == "stalled"
    assert reader.studies()[0].state == "stalled"
    assert _numbers(reader, "state:stalled") == [30]
    assert _numbers(reader, "state:lost") == []


def test_a_worker_that_ended_loses_its_run(reader: Reader, writer: Store) -> None:
    end_worker(writer, 1)
    assert reader.studies()[0].state == "lost"
    assert reader.workers() == ()


def test_a_worker_whose_process_is_gone_loses_its_run(reader: Reader, writer: Store) -> None:
    with writer.writing() as connection:
        connection.exec_driver_sql(
            "UPDATE cl_worker SET process_start = 1.0, process = process || '0' WHERE id = 1"
        )
    assert reader.studies()[0].state == "lost"
    assert reader.workers()[0].state == "lost"


def test_a_run_that_was_given_back_waits(reader: Reader, writer: Store) -> None:
    release_run(writer, 43, 1, state="paused", busy_seconds=1.0)
    assert reader.trials(LIVE_ID, limit=1).rows[0].state == "queued"
    assert reader.studies()[0].state == "queued"
    control_study(writer, LIVE_ID, "paused")
    assert reader.trials(LIVE_ID, limit=1).rows[0].state == "paused"
    assert reader.studies()[0].state == "paused"


def test_a_wanted_study_that_nobody_works_on_is_queued(reader: Reader, writer: Store) -> None:
    control_study(writer, PAUSED_ID, "running")
    assert reader.studies()[2].state == "queued"


def test_a_study_whose_trial_was_given_back_says_why(reader: Reader, writer: Store) -> None:
    spec = get_study(writer, PAUSED_ID).spec.trial(0, [1e-5] * 14)
    run_id = create_run(writer, spec, study_id=PAUSED_ID, number=0, state="paused")
    control_study(writer, PAUSED_ID, "running")
    with writer.writing() as connection:
        given_back = update(run).where(run.c.id == run_id)
        connection.execute(given_back.values(reason="/cache: no space left"))
    row = reader.studies()[2]
    assert (row.state, row.reason) == ("queued", "/cache: no space left")
    assert standing_of(row, reader.workers(), str) == "waits: /cache: no space left"


def test_a_study_runs_on_until_its_worker_obeys(reader: Reader, writer: Store) -> None:
    control_study(writer, LIVE_ID, "paused")
    live = reader.studies()[0]
    assert (live.state, live.desired) == ("running", "paused")


def test_stopped_and_failed_differ_by_their_reason(reader: Reader, writer: Store) -> None:
    control_study(writer, PAUSED_ID, "stopped")
    assert reader.studies()[2].state == "stopped"
    control_study(writer, PAUSED_ID, "stopped", "three trials failed in a row")
    failed = reader.studies()[2]
    assert (failed.state, failed.reason) == ("failed", "three trials failed in a row")


def test_running_trials_come_first_then_the_best(any_reader: Reader) -> None:
    window = any_reader.trials(LIVE_ID, limit=5)
    assert (len(window.rows), window.matching, window.total) == (5, 31, 31)
    first, *others = window.rows
    assert first.state == "running"
    scores = [row.p for row in others]
    assert scores == sorted(scores, key=lambda p: -(p or 0.0))


def test_of_trials_with_one_p_the_one_that_forgot_less_is_better(
    reader: Reader, writer: Store
) -> None:
    with writer.writing() as connection:
        for number, forgetting in ((3, 0.3), (10, 0.2), (20, 0.1)):
            same = (run.c.study_id == LIVE_ID) & (run.c.number == number)
            connection.execute(update(run).where(same).values(p=1.9, forgetting=forgetting))
    assert [row.number for row in reader.trials(LIVE_ID, limit=4).rows[1:]] == [20, 10, 3]
    worst = reader.trials(LIVE_ID, order=Order("p", descending=False)).rows
    assert [row.number for row in worst if row.p == 1.9] == [3, 10, 20]


_ORDERED_FIELDS = {column.sorts for column in TRIAL_COLUMNS if column.sorts}
_ALIKE = {"confirmed", *(f"lr{index}" for index in range(1, 7))}
"""What is no field of a row, and rates beside the first and the last."""
_ROW_FIELDS = sorted({*FIELDS.numbers.values(), *_ORDERED_FIELDS} - _ALIKE)


def test_sorts_by_any_field_with_what_is_missing_last(any_reader: Reader) -> None:
    for field, descending in product(_ROW_FIELDS, (True, False)):
        rows = any_reader.trials(LIVE_ID, order=Order(field, descending)).rows
        assert rows[0].state == "running"
        values = [_value(row, field) for row in rows[1:]]
        known = [value for value in values if value is not None]
        assert values == known + [None] * (len(values) - len(known)), field
        assert known == sorted(known, reverse=descending), field


def _value(row: TrialRow, field: str) -> Any:  # noqa: ANN401 - each field has its own
    if field.removeprefix("lr").isdecimal():
        return row.learning_rates[int(field[2:])]
    return getattr(row, field)


@pytest.mark.parametrize("field", ["spread", "lr_spread"])
def test_a_field_without_a_column_or_sql_is_named(reader: Reader, field: str) -> None:
    fault = f"cannot be sorted or filtered by '{field}': .* number_of in .* has no SQL for it"
    with pytest.raises(EngineError, match=fault):
        reader.trials(LIVE_ID, order=Order(field, descending=True))
    with pytest.raises(EngineError, match=fault):
        reader.trials(LIVE_ID, where=(NumberTerm(field, ">", 1.0),))
    with pytest.raises(EngineError, match=fault):
        reader.trials(LIVE_ID, where=(WordTerm(field, "=", ("wide",)),))


def test_the_order_of_all_is_that_of_the_rows(any_reader: Reader) -> None:
    reader = any_reader
    where, order = parse_filter("lr3>1e-6", FIELDS), Order("lr2", descending=False)
    numbers = reader.ordered_trials(LIVE_ID, where=where, order=order).numbers
    rows = reader.trials(LIVE_ID, where=where, order=order).rows
    assert list(numbers) == [row.number for row in rows]
    assert reader.chosen_trials(LIVE_ID, numbers) == rows
    backwards = list(reversed(numbers))
    assert [row.number for row in reader.chosen_trials(LIVE_ID, backwards)] == backwards


def test_an_earlier_order_is_taken_up_until_a_trial_ends(reader: Reader, writer: Store) -> None:
    before = reader.ordered_trials(LIVE_ID)
    again = reader.ordered_trials(LIVE_ID, before=before)
    assert again.ended is before.ended
    otherwise = reader.ordered_trials(LIVE_ID, order=Order("p_s", descending=True), before=before)
    assert list(otherwise.ended) != list(before.ended)
    finish_run(writer, 43, 1, state="complete", scores=Scores(p_o=0.9, p_s=0.9))
    after = reader.ordered_trials(LIVE_ID, before=before)
    assert (list(after.unfinished), after.ended[0]) == ([], 30)


FILTERED = (
    ("state:collapsed", {8, 16}),
    ("state:collapsed,failed", {8, 16, 24}),
    ("state:running", {30}),
    ("#<3", {0, 1, 2}),
    ("number>=29", {29, 30}),
    ("memory", {24}),
    ("flat", {0, 1, 2, 3, 4}),
    ("lr3=1e-4", {4}),
    ("embeddings=5e-6", {0}),
    ("head=2e-5", {2}),
    ("p>9", set()),
    ("step=60 state!=failed", {8, 16}),
    ("reason:memory,percentile", {7, 13, 19, 24}),
    ("label:flat p>9", set()),
    ("label!=flat #<8", {5, 6, 7}),
    ("time<30s state:collapsed", {8, 16}),
    ("reported_p>9", set()),
    ("forgetting>0.21 bwt<-0.21 p_o_before>0.5", {3, 4, 23}),
    ("forgetting<-1", set()),
)


def test_filters(any_reader: Reader) -> None:
    for text, expected in FILTERED:
        assert set(_numbers(any_reader, text)) == expected, text


def test_a_filter_counts_what_the_window_does_not_show(reader: Reader) -> None:
    where = parse_filter("state:complete", FIELDS)
    window = reader.trials(LIVE_ID, where=where, limit=3)
    assert (len(window.rows), window.matching, window.total) == (3, 24, 31)


def test_rates_agree_with_the_rows(reader: Reader) -> None:
    rows = reader.trials(LIVE_ID).rows
    expected = {row.number for row in rows if row.learning_rates[5] > 1e-5}
    assert set(_numbers(reader, "lr5>1e-5")) == expected


def test_curves_of_a_run(reader: Reader) -> None:
    trial = reader.trials(LIVE_ID, limit=1).rows[0]
    (run,) = reader.curves([trial.run_id])
    assert [stage.task for stage in run.stages] == ["rotten-tomatoes", "privacy-qa"]
    assert [(stage.first_step, stage.last_step) for stage in run.stages] == [(0, 100), (100, 200)]
    first, second = run.curves
    assert (first.task, second.task) == (0, 1)
    assert first.steps[-1] == second.steps[-1] == 142
    assert len(first.steps) == len(first.accuracies)


def test_what_trials_score_ends_their_stages_beside_the_curves(
    reader: Reader, writer: Store
) -> None:
    """All of a curve is on some of the rows."""
    number, whole = 10, 0.7531
    (trial,) = reader.chosen_trials(LIVE_ID, [number])
    (before,) = reader.curves([trial.run_id])
    with writer.writing() as connection:
        same = {"run_id": trial.run_id, "split": "search", "accuracy": whole}
        ends = [{**same, "step": 200, "stage": 1, "task": task} for task in (0, 1)]
        never_followed = {**same, "step": 90, "stage": 0, "task": 0}
        connection.execute(insert(measurement), [*ends, never_followed])
    (after,) = reader.curves([trial.run_id])
    for old, new in zip(before.curves, after.curves, strict=True):
        assert (new.steps, new.accuracies) == (old.steps, old.accuracies)
        assert (old.ends, new.ends) == ((), ((200, whole),))


def test_scored_trials_are_the_complete_ones(reader: Reader) -> None:
    scored = reader.scored(LIVE_ID)
    assert len(scored) == 24
    assert [trial.p for trial in scored] == sorted((trial.p for trial in scored), reverse=True)
    assert {trial.label for trial in scored if trial.number < 5} == {
        "flat 5e-6",
        "flat 1e-5",
        "flat 2e-5",
        "flat 5e-5",
        "flat 1e-4",
    }


def test_a_worker_and_what_it_does(reader: Reader, clock: Callable[[], float]) -> None:
    (worker,) = reader.workers()
    assert worker.study == LIVE
    assert (worker.number, worker.step, worker.steps) == (30, 146, 200)
    assert worker.gpu_percent == 87.0


def test_an_idle_worker(reader: Reader, writer: Store) -> None:
    register_worker(writer, identity_of(os.getppid()), device="cpu", threads=1, log_file=None)
    assert [worker.state for worker in reader.workers()] == ["running", "idle"]


def test_the_log_ends_with_the_last_line(reader: Reader, writer: Store) -> None:
    write_log(writer, "warning", "the disk is nearly full")
    write_log(writer, "info", "about run 7", run_id=7)
    assert [line.text for line in reader.log.last(limit=2)] == [
        "the disk is nearly full",
        "about run 7",
    ]
    assert [line.text for line in reader.log.last(run_id=7)] == ["about run 7"]


def test_progress_moves(reader: Reader, writer: Store) -> None:
    record_progress(writer, 43, 1, Progress(step=150, steps=200, rate=9.0))
    trial = reader.trials(LIVE_ID, limit=1).rows[0]
    assert (trial.step, trial.rate) == (150, 9.0)


def test_a_run_that_was_never_begun_is_queued(reader: Reader, writer: Store) -> None:
    spec = StudySpec(name="a:b", sequence=("a", "b"), data="hub", model="m")
    study = create_study(writer, spec)
    create_run(writer, spec.trial(0, (1e-5, 1e-5, 1e-5)), study_id=study, number=0)
    (trial,) = reader.trials(study).rows
    assert trial.state == "queued"
    assert claim_run(writer, 1, threads=1) is not None
    assert reader.trials(study).rows[0].state == "running"
