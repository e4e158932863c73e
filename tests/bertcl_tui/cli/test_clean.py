"""``clean`` shows first, and frees only what a person agreed to."""

import io
import os
import sys
import time
from pathlib import Path

import pytest

from engine.store.connection import open_store
from tests.bertcl_tui.cli.conftest import Ask
from tests.recorded import RUNNING


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BERTCL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


@pytest.fixture
def folders(store: Path) -> list[Path]:
    """Return the checkpoints of a run that is worked on and of one that was deleted."""
    at = open_store(str(store))
    folders = [at.folder / f"run-{run_id}" for run_id in (RUNNING, 12345)]
    at.close()
    for folder in folders:
        folder.mkdir(parents=True)
        folder.joinpath("checkpoint.safetensors").write_bytes(b"x" * 3 * 2**20)
    return folders


def test_without_a_person_it_only_shows(ask: Ask, store: Path, folders: list[Path]) -> None:
    answer = ask("clean", "checkpoints", "--store", store)
    assert answer.code == 0
    head, line = answer.out.splitlines()
    assert head.split() == ["kind", "there", "size", "can", "go", "size", "what", "it", "is"]
    assert line.split()[:7] == ["checkpoints", "2", "6", "MiB", "1", "3", "MiB"]
    assert answer.err == "3 MiB can go; --yes frees it\n"
    assert all(folder.exists() for folder in folders)


def test_with_yes_it_frees(ask: Ask, store: Path, folders: list[Path]) -> None:
    answer = ask("clean", "--store", store, "--yes")
    assert answer.code == 0
    assert "freed 3 MiB (checkpoints 1" in answer.err
    assert [folder.exists() for folder in folders] == [True, False]
    again = ask("clean", "checkpoints", "--store", store, "--yes")
    assert again.err == "nothing can go\n"


@pytest.mark.parametrize(
    ("typed", "stays"), [("y\n", False), ("n\n", True), ("\n", True), ("", True)]
)
def test_a_person_is_asked(
    ask: Ask, folders: list[Path], monkeypatch: pytest.MonkeyPatch, typed: str, stays: bool
) -> None:
    monkeypatch.chdir(folders[0].parent.parent)
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    answer = ask("clean", "checkpoints")
    assert answer.code == 0
    assert [folder.exists() for folder in folders] == [True, stays]


def test_a_program_is_told_in_bytes(ask: Ask, store: Path, folders: list[Path]) -> None:
    size = 3 * 2**20
    shown = ask("clean", "checkpoints", "caches", "--store", store, "--older", "12h", "--json")
    assert shown.data["older_seconds"] == 12 * 3600
    assert shown.data["kinds"][0] == {
        "kind": "checkpoints",
        "there": {"count": 2, "bytes": 2 * size},
        "can_go": {"count": 1, "bytes": size},
        "freed": {"count": 0, "bytes": 0},
    }
    assert folders[1].exists()
    freed = ask("clean", "--store", store, "--json", "--yes")
    assert freed.data["kinds"][0]["freed"] == {"count": 1, "bytes": size}


def test_what_is_of_some_use_goes_by_its_age(ask: Ask, store: Path, tmp_path: Path) -> None:
    path = tmp_path / "cache" / "encoded" / f"{'a' * 32}.safetensors"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x")
    os.utime(path, (time.time() - 10 * 86400,) * 2)
    for older, stays in (("2w", True), ("7d", False)):
        ask("clean", "caches", "--store", store, "--older", older, "--yes")
        assert path.exists() is stays


def test_a_place_that_is_set_is_looked_at(
    ask: Ask, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BERTCL_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("BERTCL_CACHE", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    path = tmp_path / "shared" / "encoded" / f"{'a' * 32}.safetensors"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x" * 2048)
    assert ask("config", "set", "cache", f"file://{tmp_path}/shared").code == 0
    answer = ask("clean", "caches", "--store", store)
    assert answer.out.splitlines()[1].split()[:4] == ["caches", "1", "2", "KiB"]
    assert "--yes frees" not in answer.err
    ask("clean", "caches", "--store", store, "--older", "0d", "--yes")
    assert not path.exists()


def test_a_place_that_is_none_is_told(
    ask: Ask, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BERTCL_CACHE", "stfp://host/x")
    answer = ask("clean", "caches", "--store", store)
    assert answer.code == 2
    assert answer.err.startswith("error: caches stfp://host/x: nothing is known of stfp://")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["caches", "--older", "old"], "age 'old' is none; write one like 30d, 12h or 90m"),
        (["caches", "--older", "-1d"], "age '-1d' is none"),
        (["cookies"], "no kind of files named 'cookies'; use one of checkpoints, "),
    ],
)
def test_wrong_use_is_told(ask: Ask, store: Path, words: list[str], complaint: str) -> None:
    answer = ask("clean", *words, "--store", store, "--yes")
    assert answer.code == 2
    assert complaint in answer.err


def test_no_store_is_told(ask: Ask, here: Path) -> None:
    answer = ask("clean", "--yes")
    assert answer.code == 2
    assert "no store" in answer.err
    assert not list(here.iterdir())
