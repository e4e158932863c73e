"""Having a table filled: what is asked for now, what waits, and what is asked for once more."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bertcl_tui.arena.fields import read_request
from bertcl_tui.arena.launching import Launched, describe, failed_runs, go_on, launch, retry
from bertcl_tui.arena.look import Question, look_at_arena
from bertcl_tui.store.reader import Reader
from engine.arena.plan import UnfilledCell, arena_seeds
from engine.errors import UsageError
from engine.store.connection import open_store
from engine.store.run_states import create_run
from engine.store.runs import entries
from engine.store.states import RunState
from engine.store.studies import control_study, get_study
from tests.engine.arena.doing import do
from tests.tiny import tiny_backbone, tiny_tasks

ROWS = {"epochs": "1", "train_rows": "16", "eval_rows": "16", "device": "cpu"}
TABLE = {"sequences": "mood:agree", "methods": "flat,bertcl", "seeds": "2"}
Texts = dict[str, str]


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BERTCL_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Texts:
    backbone = tiny_backbone(tmp_path_factory.mktemp("backbone"))
    tasks = tiny_tasks(tmp_path_factory.mktemp("tasks"))
    return {"model": str(backbone), "data": str(tasks), **ROWS}


@pytest.fixture
def store(tmp_path: Path) -> str:
    return str(tmp_path / "studies.db")


@pytest.fixture
def reader(store: str) -> Iterator[Reader]:
    reader = Reader(store)
    yield reader
    reader.close()


def entered(store: str) -> list[tuple[str, int, str]]:
    opened = open_store(store)
    found = [(item.entrant, item.run.spec.seed, item.run.state) for item in entries(opened)]
    opened.close()
    return found


def end_a_run(store: str, state: RunState = "complete") -> None:
    opened = open_store(store)
    do(opened, ((0.7,), (0.7, 0.6)), state=state)
    opened.close()


def test_what_is_missing_is_queued_once(store: str, tiny: Texts) -> None:
    request = read_request({**TABLE, **tiny})
    launched = launch(store, request)
    assert (launched.runs, launched.searches, launched.waiting) == (2, (), ())
    (cell,) = launched.unfilled
    assert (cell.entrant.name, cell.reason) == ("bertcl", "not searched here")
    assert entered(store) == [("flat@2e-5", seed, "queued") for seed in arena_seeds(2)]
    assert launch(store, request).runs == 0


def test_what_two_people_ask_for_at_once_is_queued_once(store: str, tiny: Texts) -> None:
    request = read_request({**TABLE, **tiny, "methods": "flat"})
    others: list[Launched] = []
    launched = launch(store, request, before_writing=lambda: others.append(launch(store, request)))
    assert [others[0].runs, launched.runs] == [2, 0]
    assert entered(store) == [("flat@2e-5", seed, "queued") for seed in arena_seeds(2)]


def test_rows_of_a_search_come_when_it_is_over(store: str, tiny: Texts, reader: Reader) -> None:
    request = read_request({**TABLE, **tiny, "budget": "1"})
    launched = launch(store, request)
    assert (launched.runs, launched.waiting) == (2, ("BERTcL",))
    (study_id,) = launched.searches
    opened = open_store(store)
    study = get_study(opened, study_id)
    assert (study.name, study.trials, study.desired) == ("mood:agree", 1, "running")
    assert list(go_on(reader, request, launched, stopped=lambda: True)) == []
    rates = (1e-5, 2e-5, 3e-5, 1e-3)
    create_run(opened, study.spec.trial(0, rates), study_id=study_id, number=0)
    opened.close()
    for _ in range(3):
        end_a_run(store)
    (then,) = go_on(reader, request, launched, stopped=lambda: False)
    assert (then.runs, then.searches, then.waiting) == (2, (), ())
    assert [name for name, _, state in entered(store) if state == "queued"] == ["bertcl"] * 2


def test_a_search_that_was_stopped_is_waited_for_no_longer(
    store: str, tiny: Texts, reader: Reader
) -> None:
    request = read_request({**TABLE, **tiny, "methods": "bertcl", "budget": "1"})
    launched = launch(store, request)
    opened = open_store(store)
    control_study(opened, launched.searches[0], "stopped")
    opened.close()
    (then,) = go_on(reader, request, launched, stopped=lambda: False)
    assert (then.runs, then.waiting) == (0, ())
    assert len(then.unfilled) == 1


def test_what_failed_is_run_once_more(store: str, tiny: Texts, reader: Reader) -> None:
    launch(store, read_request({**TABLE, **tiny, "methods": "flat"}))
    first, second = (seed for _, seed, _ in entered(store))
    end_a_run(store)
    end_a_run(store, "failed")
    look = look_at_arena(reader, Question())
    assert look is not None
    assert [run.spec.seed for run in failed_runs(look.recorded, look.layout)] == [second]
    assert retry(store, look.recorded, look.layout) == 1
    assert retry(store, look.recorded, look.layout) == 0, "what one looks at may be old"
    assert [(seed, state) for _, seed, state in entered(store)] == [
        (first, "complete"),
        (second, "failed"),
        (second, "queued"),
    ]
    look = look_at_arena(reader, Question())
    assert look is not None
    assert failed_runs(look.recorded, look.layout) == []


def test_what_cannot_be_had_is_refused_and_makes_no_store(store: str, tiny: Texts) -> None:
    request = read_request({**TABLE, **tiny, "model": "no-such/model-anywhere"})
    with pytest.raises(UsageError):
        launch(store, request)
    assert not Path(store).exists()


def test_what_came_of_it_is_said_in_words() -> None:
    entrants = read_request({**TABLE, "sequences": "sst2:mrpc"}).layout.entrants
    none = UnfilledCell(entrant=entrants[1], sequence=("mood", "agree"), reason="not searched here")
    launched = Launched(runs=3, there=0, searches=(1, 2), waiting=("BERTcL",), unfilled=())
    assert describe(launched) == "3 runs queued; BERTcL when 2 searches ended."
    launched = Launched(runs=0, there=4, searches=(), waiting=(), unfilled=(none, none))
    assert describe(launched) == "No new run. BERTcL: not searched here."
