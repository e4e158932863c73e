"""The frozen store, and an environment that says the same everywhere."""

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bertcl_tui.app.watch import LoadWatch, StoreWatch
from bertcl_tui.arena import beforehand
from bertcl_tui.new_study import forecast
from tests.bertcl_tui.snapshots.frozen import freeze


@pytest.fixture(scope="session")
def frozen_recording(arena_recording: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the frozen store, not to be written to."""
    folder = tmp_path_factory.mktemp("frozen")
    return freeze(Path(shutil.copy(arena_recording, folder / "studies.db")))


@pytest.fixture
def frozen(frozen_recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the name of a copy of the frozen store in the current folder."""
    shutil.copy(frozen_recording, tmp_path / "studies.db")
    monkeypatch.chdir(tmp_path)
    return "studies.db"


@pytest.fixture(autouse=True)
def _read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The store stands still: how often it is read must not come from how long a picture takes."""
    monkeypatch.setattr(StoreWatch, "start", lambda _: None)
    monkeypatch.setattr(LoadWatch, "start", lambda _: None)


@pytest.fixture(autouse=True)
def _same_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many workers would be started, whatever the machine has."""
    for module in (forecast, beforehand):
        monkeypatch.setattr(module, "expected_workers", lambda _: 2)


@pytest.fixture(autouse=True)
def _same_everywhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Colours and the time of day must not come from whoever runs the tests."""
    zone = os.environ.get("TZ")
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("COLORTERM", "truecolor")
    time.tzset()
    yield
    if zone is None:
        monkeypatch.delenv("TZ")
    else:
        monkeypatch.setenv("TZ", zone)
    time.tzset()
