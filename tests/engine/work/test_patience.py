"""What is worth waiting for, and for how long."""

import errno
import sqlite3
from collections.abc import Callable
from threading import Event

import pytest
from sqlalchemy import event

from engine.errors import EngineError, StorageError, UnreachableError, UsageError
from engine.store.connection import Store
from engine.store.run_states import create_run
from engine.store.runs import get_run
from engine.store.studies import get_study
from engine.work.patience import Patience, trouble_of
from engine.work.searches import Searches
from tests.engine.store.conftest import new_study, new_worker, run_spec


class Pauses(Event):
    """Takes no time to wait, and does something meanwhile."""

    def __init__(self, meanwhile: Callable[[], object] = lambda: None) -> None:
        super().__init__()
        self.waited = 0
        self.meanwhile = meanwhile

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.waited += 1
        self.meanwhile()
        return self.is_set()


def _in_trouble() -> None:
    raise StorageError("the disk is full")


def test_a_locked_store_is_waited_for(store: Store) -> None:
    event.listen(store.engine, "connect", lambda driver, _: driver.execute("PRAGMA busy_timeout=1"))
    store.engine.dispose()
    other = sqlite3.connect(str(store.path), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    pauses = Pauses(meanwhile=lambda: pauses.waited == 3 and other.execute("ROLLBACK"))

    run_id = Patience(pauses).call(lambda: create_run(store, run_spec()))

    assert pauses.waited == 3
    assert get_run(store, run_id).state == "queued"
    other.close()


def test_what_is_waited_for_is_known_meanwhile() -> None:
    said = []
    patience = Patience(pauses := Pauses(meanwhile=lambda: said.append(patience.trouble)))
    patience.call(lambda: None if pauses.waited == 2 else _in_trouble())
    assert said == ["the disk is full"] * 2
    assert patience.trouble is None


def test_it_ends_in_time() -> None:
    with pytest.raises(StorageError, match="the disk is full"):
        Patience(Pauses(), run_seconds=0).call(_in_trouble)
    with pytest.raises(StorageError, match="the disk is full"):
        Patience(Pauses()).call(_in_trouble, at_most=0)


def test_a_worker_that_is_to_end_does_not_wait() -> None:
    ending = Pauses()
    ending.set()
    with pytest.raises(StorageError):
        Patience(ending).call(_in_trouble)
    assert ending.waited <= 1


def test_what_is_wrong_is_not_tried_again() -> None:
    pauses = Pauses()

    def wrong() -> None:
        raise UsageError("no such task")

    with pytest.raises(UsageError):
        Patience(pauses).call(wrong)
    assert pauses.waited == 0


def test_a_wrong_statement_is_no_trouble_of_the_store(store: Store) -> None:
    with pytest.raises(EngineError) as caught, store.reading() as connection:
        connection.exec_driver_sql("SELECT nothing FROM nowhere")
    assert trouble_of(caught.value) is None


def _from(cause: BaseException, error: Exception) -> Exception:
    try:
        raise error from cause
    except type(error) as raised:
        return raised


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (StorageError("locked"), "locked"),
        (OSError(errno.ENOSPC, "No space left on device", "/cache/a"), "/cache/a: no space left"),
        (_from(OSError(errno.EIO, "Input/output error"), UsageError("task x: broken")), "task x"),
        (OSError(errno.ENOENT, "No such file or directory", "/data/a.csv"), None),
        (ValueError("shapes differ"), None),
        (EngineError("the checkpoint is of other data"), None),
    ],
)
def test_the_stores_trouble_is_told_from_what_is_wrong_with_a_run(
    error: Exception, said: str | None
) -> None:
    trouble = trouble_of(error)
    assert (trouble is None) == (said is None)
    assert said is None or str(trouble).startswith(said)


def test_a_study_for_which_nothing_can_be_proposed_pauses_and_others_go_on(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = new_study(store, "bad"), new_study(store, "good")

    def next_of(_: Searches, study_id: int) -> bool:
        if study_id == bad:
            raise KeyError("the sampler's own")
        return True

    monkeypatch.setattr(Searches, "_queue_next", next_of)
    assert Searches(store, new_worker(store), Patience(Event()), ("auto", "cpu")).propose_trial()
    assert get_study(store, bad).desired == "paused"
    assert "no trial could be proposed (KeyError: " in (get_study(store, bad).reason or "")
    assert get_study(store, good).desired == "running"


def test_a_search_whose_model_cannot_be_had_waits_and_others_go_on(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    far, near = new_study(store, "far"), new_study(store, "near")
    asked = []

    def next_of(_: Searches, study_id: int) -> bool:
        asked.append(study_id)
        if study_id == far:
            raise UnreachableError("cannot reach the hub")
        return True

    monkeypatch.setattr(Searches, "_queue_next", next_of)
    searches = Searches(store, new_worker(store), Patience(Event()), ("auto", "cpu"))
    assert searches.propose_trial()
    assert searches.propose_trial()
    assert asked == [far, near, near]  # the hub is not asked again at once
    waiting = get_study(store, far)
    assert (waiting.desired, waiting.reason) == ("running", "cannot reach the hub")


def test_a_hub_is_not_waited_for_while_other_runs_could_be_done() -> None:
    def ask() -> None:
        raise UnreachableError("cannot reach the hub")

    pauses = Pauses()
    with pytest.raises(UnreachableError):
        Patience(pauses).call(ask)
    assert pauses.waited == 0
