"""What one machine computed is fetched by another, from a place behind the caches of both."""

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engine.places import Place
from engine.places.named import CACHES
from engine.tasks.cache import (
    cache_key,
    cached_files,
    load_arrays,
    load_bytes,
    save_arrays,
    save_bytes,
    shared_files,
)
from engine.tasks.shared_cache import shared_cache

KEY = cache_key("a")
NAME = f"{KEY}.json"
Host = Callable[[str], None]


@pytest.fixture(params=["file", "memory", "s3"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    name = request.node.name.replace("[", "-").replace("]", "")
    if request.param == "file":
        (tmp_path / "all of us").mkdir()
        return (tmp_path / "all of us").as_uri()
    return f"memory://{name}" if request.param == "memory" else f"{_bucket(request)}/{name}"


def _bucket(request: pytest.FixtureRequest) -> str:
    bucket: str = request.getfixturevalue("s3")
    return bucket


@pytest.fixture
def on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    """Let this process be on a machine of that name, for its own caches."""

    def be(host: str) -> None:
        monkeypatch.setattr("engine.tasks.cache.own_folder", lambda kind: tmp_path / host / kind)

    return be


def behind() -> Place:
    shared = shared_cache()
    assert shared is not None
    return shared.place


def here() -> set[str]:
    return {file.path.name for file in cached_files()}


def test_another_machine_has_what_this_one_computed(
    url: str, on: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CACHES.variable, url)
    on("one")
    save_bytes("shifts", NAME, b"{}")
    save_arrays("encoded", KEY, {"ids": np.arange(5)})
    assert here() == {NAME, f"{KEY}.safetensors"}
    on("two")
    assert here() == set()
    assert load_bytes("shifts", NAME) == b"{}"
    found = load_arrays("encoded", KEY)
    assert found is not None
    assert found["ids"].tolist() == [0, 1, 2, 3, 4]
    assert here() == {NAME, f"{KEY}.safetensors"}, "the next time it is here"
    assert load_bytes("fisher", NAME) is None


def test_what_is_here_is_not_asked_for_elsewhere(
    url: str, on: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CACHES.variable, url)
    on("one")
    save_bytes("shifts", NAME, b"{}")
    behind().discard(f"shifts/{NAME}")
    assert load_bytes("shifts", NAME) == b"{}"


def test_what_is_about_one_machine_stays_there(
    url: str, on: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CACHES.variable, url)
    on("one")
    save_bytes("machine", NAME, b"{}")
    assert list(behind().folders()) == []
    on("two")
    assert load_bytes("machine", NAME) is None


def test_what_was_torn_there_is_computed_again_and_takes_its_place(
    url: str, on: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CACHES.variable, url)
    on("one")
    save_bytes("encoded", f"{KEY}.safetensors", b"half")
    on("two")
    assert load_arrays("encoded", KEY) is None
    save_arrays("encoded", KEY, {"ids": np.arange(5)})
    on("three")
    assert load_arrays("encoded", KEY) is not None


def test_there_too_it_is_bounded(url: str, on: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHES.variable, url)
    monkeypatch.setattr("engine.tasks.cache._MOST_BYTES", 300)
    theirs = behind()
    theirs.write("shifts/thesis.json", _of(1000))
    for number, host in enumerate(("one", "two", "three", "four")):
        on(host)
        save_bytes("shifts", f"{cache_key(number)}.json", b"x" * 100)
    assert sum(file.size for file in shared_files(behind())) == 300
    assert theirs.written_at("shifts/thesis.json")


def _of(size: int) -> Callable[[Path], object]:
    def save(path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * size)

    return save


def test_a_place_that_fails_is_said_once_and_left_alone_for_a_while(
    on: Host,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    shared = tmp_path / "mounted"
    monkeypatch.setenv(CACHES.variable, shared.as_uri())
    caplog.set_level(logging.INFO)
    on("one")
    for number in range(3):
        assert load_bytes("shifts", f"{cache_key(number)}.json") is None
        save_bytes("shifts", f"{cache_key(number)}.json", b"{}")
    assert len(here()) == 3
    (said,) = caplog.messages
    assert said.startswith("goes on without the shared caches: caches: there is no folder")
    told = shared_cache()
    assert told is not None
    assert f"there is no folder {shared}" in str(told.news())
    assert told.news() is None
    shared.mkdir()
    save_bytes("shifts", NAME, b"{}")
    assert list(shared.iterdir()) == [], "it rests"

    monkeypatch.setattr(told, "_rests_until", 0.0)
    save_bytes("shifts", NAME, b"{}")
    assert caplog.messages[1:] == ["the shared caches are reached again"]
    assert [path.name for path in shared.glob("*/*")] == [NAME]
