"""What is kept on disk has a largest size."""

import os
from pathlib import Path

import pytest

from engine.tasks.cache import cache_folder, cache_key, cached_files, load_bytes, save_bytes


def name(word: str) -> str:
    return f"{cache_key(word)}.json"


def keep(word: str, *, used_at: float) -> Path:
    save_bytes("shifts", name(word), b"x" * 100)
    path = cache_folder("shifts") / name(word)
    os.utime(path, (used_at, used_at))
    return path


def test_what_was_used_longest_ago_goes_where_there_is_too_much(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("engine.tasks.cache._MOST_BYTES", 300)
    paths = [keep(word, used_at=1e9 + place) for place, word in enumerate(("a", "b", "c"))]
    theirs = cache_folder("shifts") / "thesis.json"
    theirs.write_bytes(b"x" * 1000)
    assert load_bytes("shifts", name("a")) is not None
    save_bytes("fisher", name("d"), b"x" * 100)
    assert [path.exists() for path in paths] == [True, False, True]
    assert theirs.exists()
    assert sum(file.size for file in cached_files()) == 300


def test_being_read_is_no_change(monkeypatch: pytest.MonkeyPatch) -> None:
    path = keep("a", used_at=1e9)
    load_bytes("shifts", name("a"))
    assert path.stat().st_mtime == 1e9
    assert path.stat().st_atime > 1e9
