"""What doctor says of a store."""

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from bertcl_tui.doctor import Finding
from bertcl_tui.doctor.findings import Mount, find_place, find_places, find_store
from tests.recorded import LIVE


def _by_thing(*findings: Finding) -> dict[str, Finding]:
    return {finding.thing: finding for finding in findings}


def test_a_store_that_gets_on(store: Path) -> None:
    said = _by_thing(*find_store(str(store)))
    assert {said[thing].verdict for thing in ("store", "workers", "lost runs")} == {"good"}
    assert "3 studies" in said["store"].text
    assert "journal wal" in said["store"].text
    assert said["workers"].text.startswith("1 at work")


def test_who_ended_without_a_word_is_named_with_what_waits(store: Path) -> None:
    said = _by_thing(*find_store(str(store), lambda: time.time() + 3600))
    assert said["workers"].verdict == said["lost runs"].verdict == "note"
    assert str(os.getpid()) in said["workers"].text
    assert LIVE in said["lost runs"].text
    assert "bertcl-tui resume" in said["lost runs"].text


def test_names_from_elsewhere_are_shown_as_text(store: Path) -> None:
    with closing(sqlite3.connect(store)) as connection, connection:
        connection.execute("UPDATE cl_study SET name = name || ?", ("\x1b[2J",))
        connection.execute("UPDATE cl_worker SET host = ?", ("\x1b[2J",))
    texts = [each.text for each in find_store(str(store), lambda: time.time() + 3600)]
    assert [text for text in texts if not text.isprintable()] == []
    assert sum(r"\x1b[2J" in text for text in texts) == 2


def test_no_store_yet(tmp_path: Path) -> None:
    said = _by_thing(*find_store(str(tmp_path / "new.db")))
    assert said["store"].verdict == "note"
    assert not list(tmp_path.iterdir())


def test_a_database_of_something_else(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "other.db")
    other.execute("CREATE TABLE songs (title TEXT)")
    other.close()
    said = _by_thing(*find_store(str(tmp_path / "other.db")))
    assert said["store"].verdict == "bad"
    assert "another program" in said["store"].text


def test_places_that_were_named_are_tried_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BERTCL_CHECKPOINTS", "")
    monkeypatch.setenv("BERTCL_CACHE", str(tmp_path / "made-when-needed"))
    assert list(find_places()) == []
    monkeypatch.setenv("BERTCL_CHECKPOINTS", str(tmp_path))
    monkeypatch.setenv("BERTCL_CACHE", "file:///nowhere")
    said = _by_thing(*find_places())
    assert said["checkpoints"] == Finding("checkpoints", "good", f"{tmp_path} can be written")
    assert said["caches"].verdict == "bad"
    assert "make it, or mount it, first" in said["caches"].text


def test_a_place_that_is_none_says_nothing_of_the_store(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BERTCL_CACHE", "file:///nowhere")
    said = _by_thing(*find_store(str(store)))
    assert said["store"].verdict == "good"
    assert said["disk use"].verdict == "note"
    assert "caches: there is no folder /nowhere" in said["disk use"].text


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "smb3", "fuse.sshfs", "fuse.rclone", "9p"])
def test_a_disk_over_the_network_is_warned_of(tmp_path: Path, kind: str) -> None:
    here = (Mount(Path("/"), "ext4"), Mount(tmp_path, kind))
    said = _by_thing(*find_place(tmp_path / "studies.db", here))
    assert said["store's disk"].verdict == "note"
    assert kind in said["store's disk"].text
    assert "postgresql" in said["store's disk"].text


def test_a_disk_of_this_machine_is_not(tmp_path: Path) -> None:
    elsewhere = Mount(tmp_path.with_name("elsewhere"), "nfs4")
    here = (Mount(Path("/"), "nfs4"), elsewhere, Mount(tmp_path.parent, "btrfs"))
    assert "store's disk" not in _by_thing(*find_place(tmp_path / "studies.db", here))


def test_how_much_there_is_and_what_can_go(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BERTCL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("bertcl_tui.doctor.findings._MUCH", 2**20)
    nothing = _by_thing(*find_store(str(store)))["disk use"]
    assert nothing.verdict == "good"
    assert "log " in nothing.text
    deleted = store.with_name(f"{store.name}.runs") / "run-999"
    deleted.mkdir(parents=True)
    deleted.joinpath("checkpoint.safetensors").write_bytes(b"x" * 2**21)
    said = _by_thing(*find_store(str(store)))["disk use"]
    assert said.verdict == "note"
    assert "checkpoints 1 (2 MiB)" in said.text
    assert said.text.endswith("2 MiB can go: bertcl-tui clean")
