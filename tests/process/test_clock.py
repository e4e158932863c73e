"""The clock is set while workers live, by NTP or a person: nobody is called dead."""

import os
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import select

from engine.spec import RunSpec
from engine.store.connection import Store
from engine.store.run_states import control_run, create_run
from engine.store.runs import get_run
from engine.store.schema import log, worker
from engine.work.processes import warm_up
from engine.work.warm import WARM
from tests.process.conftest import wait_for

HOUR = 3600.0
_NAME = "libfaketime.so.1"
_PLACES = (Path("/usr/lib"), Path("/usr/local/lib"), Path("/opt/homebrew/lib"))


def _library() -> str | None:
    named = os.environ.get("LIBFAKETIME")
    patterns = (f"faketime/{_NAME}", f"*/faketime/{_NAME}")
    found = chain.from_iterable(place.glob(name) for place in _PLACES for name in patterns)
    return named or next(map(str, found), None)


LIBRARY = _library()
pytestmark = [
    pytest.mark.process,
    pytest.mark.as_typed,  # who forks for other tests has its clock already
    pytest.mark.skipif(LIBRARY is None, reason="needs libfaketime (apt install faketime)"),
]


@pytest.fixture
def set_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[float], None]]:
    """Set the clock of all processes that are started from now on, by so many seconds."""
    file = tmp_path / "clock"

    def set_by(seconds: float) -> None:
        beside = file.with_suffix(".new")
        beside.write_text(f"{seconds:+.0f}\n")
        beside.replace(file)

    set_by(0.0)
    for name, value in {
        "LD_PRELOAD": LIBRARY or "",
        "FAKETIME_TIMESTAMP_FILE": str(file),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }.items():
        monkeypatch.setenv(name, value)
    return set_by


@pytest.fixture
def _loaded(set_clock: Callable[[float], None]) -> Iterator[None]:
    """Have workers become of a process that has loaded the libraries, and whose clock is set."""
    assert warm_up()
    yield
    WARM.end()


@pytest.mark.usefixtures("_loaded")
def test_workers_go_on_when_the_clock_is_set(
    store: Store,
    run_spec: RunSpec,
    start: Callable[..., int],
    set_clock: Callable[[float], None],
) -> None:
    protocol = msgspec.structs.replace(run_spec.protocol, epochs=1000)
    run_id = create_run(store, msgspec.structs.replace(run_spec, protocol=protocol))
    for _ in range(2):
        start(until_idle=False)
    wait_for(lambda: len(_heard(store)) == 2, "both workers to begin")
    wait_for(lambda: get_run(store, run_id).step > 0, "the run to take steps")
    for seconds in (HOUR, -HOUR, 0.0):  # at last as it is here: who stops the run judges it by that
        before = _heard(store)
        set_clock(seconds)
        wait_for(partial(_all_moved, store, before), "both to beat by the new clock")
        reached = get_run(store, run_id).step
        wait_for(partial(_is_beyond, store, run_id, reached), "the run to get on")
    now = get_run(store, run_id)
    assert (now.state, now.attempts) == ("running", 0)
    control_run(store, run_id, "stopped")
    wait_for(lambda: get_run(store, run_id).state == "stopped", "the run to stop")
    with store.reading() as connection:
        said = connection.execute(select(log.c.text)).scalars().all()
    assert sum(" begins · " in line for line in said) == 1, said
    assert not [
        line for line in said if "died" in line or "goes on" in line or "taken over" in line
    ]


def _heard(store: Store) -> list[float]:
    """Return when the workers that have a heartbeat were heard last."""
    query = select(worker.c.heartbeat_at).where(worker.c.cpu_percent.is_not(None))
    with store.reading() as connection:
        return list(connection.execute(query.order_by(worker.c.id)).scalars())


def _all_moved(store: Store, before: list[float]) -> bool:
    pairs = zip(_heard(store), before, strict=True)
    return all(abs(after - earlier) > HOUR / 2 for after, earlier in pairs)


def _is_beyond(store: Store, run_id: int, step: int) -> bool:
    return get_run(store, run_id).step > step
