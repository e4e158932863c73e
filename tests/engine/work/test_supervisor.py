"""How a machine is shared out among workers."""

from functools import partial
from pathlib import Path

import pytest

from engine.errors import UsageError
from engine.spec import RunSpec
from engine.store.connection import open_store
from engine.store.run_states import create_run
from engine.work import supervisor
from engine.work.machine import core_count, gpu_count
from engine.work.supervisor import (
    Slot,
    add_worker,
    default_sharing,
    ensure_workers,
    free_slots,
    room_for_workers,
    serves,
)


def test_every_worker_has_an_equal_share_of_the_cores() -> None:
    for slots in (1, 2, core_count(), 10 * core_count()):
        free = free_slots(slots, "cpu")
        assert [slot.device for slot in free] == ["cpu"] * slots
        assert {slot.threads for slot in free} == {max(1, core_count() // slots)}


def test_slots_that_are_held_are_not_given_again() -> None:
    assert len(free_slots(3, "cpu", held=["cpu", "cpu"])) == 1
    assert free_slots(2, "cpu", held=["cpu"] * 5) == []
    assert free_slots(2, "cpu", held=["cpu"])[0].threads == max(1, core_count() // 2)


def test_nobody_is_hired_for_a_store_that_was_taken_away(tmp_path: Path) -> None:
    gone = tmp_path / "studies.db"
    for hire in (ensure_workers, partial(add_worker, device="cpu", threads=1)):
        with pytest.raises(UsageError, match="no store at"):
            hire(str(gone))
    assert list(tmp_path.iterdir()) == []


def test_unless_told_there_are_as_many_as_the_machine_has_room_for() -> None:
    assert len(free_slots(None, "cpu")) == default_sharing().workers


@pytest.mark.skipif(gpu_count() > 0, reason="this machine has GPUs")
def test_no_more_workers_than_memory_has_room_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tmp_path / "model"
    model.mkdir()
    (model / "config.json").write_text("{}")
    (model / "model.safetensors").write_bytes(bytes(1000))
    store = open_store(str(tmp_path / "studies.db"))
    assert room_for_workers(store, 0) is None
    create_run(store, RunSpec(sequence=("a",), data="none", model=str(model)))
    monkeypatch.setattr(supervisor, "available_memory", lambda: 3 * 2**30 + 10**6)
    assert room_for_workers(store, 0) == 3
    assert room_for_workers(store, 2) == 5
    monkeypatch.setattr(supervisor, "available_memory", lambda: 2**29)
    assert default_sharing(room_for_workers(store, 0)).workers == 1
    store.close()


@pytest.mark.skipif(gpu_count() > 0, reason="this machine has GPUs")
def test_where_there_is_no_gpu_the_worker_is_left_to_choose() -> None:
    assert {slot.device for slot in free_slots(2, "auto")} == {"auto"}


@pytest.mark.skipif(gpu_count() == 0, reason="needs a GPU")
def test_gpus_are_taken_in_turn_those_with_the_fewest_workers_first() -> None:
    everywhere = [f"cuda:{index}" for index in range(gpu_count())]
    assert [slot.device for slot in free_slots(gpu_count(), "auto")] == everywhere
    rest = free_slots(2 * gpu_count(), "auto", held=everywhere[1:])
    assert rest[0].device == "cuda:0"
    assert sorted([*everywhere[1:], *(slot.device for slot in rest)]) == sorted(2 * everywhere)


def test_a_worker_elsewhere_is_none_of_those_that_are_asked_for() -> None:
    assert serves("cuda:1", "auto")
    assert serves("cuda:1", "cuda:1")
    assert serves("cuda:1", "cuda")
    assert serves("auto", "cuda:1")  # it has not chosen yet
    assert not serves("cpu", "cuda:1")
    assert not serves("cuda:10", "cuda:1")


def test_a_gpu_that_nobody_asked_for_by_name_may_be_another() -> None:
    slot = Slot("cuda:2", 1)
    assert slot.settings("studies.db", asked="auto").or_another
    assert not slot.settings("studies.db", asked="cuda:2").or_another
