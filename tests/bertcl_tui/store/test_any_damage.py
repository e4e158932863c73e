"""A store in which some bytes are others: it is seen, or one line says that it cannot be."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bertcl_tui.store.reader import Reader
from bertcl_tui.store.study_rows import LogFilter
from tests.foreign import VALUES, complaint

pytestmark = pytest.mark.long

LOOKS: tuple[Callable[[Reader], object], ...] = (
    lambda reader: reader.studies(),
    lambda reader: reader.record(1),
    lambda reader: reader.trials(1),
    lambda reader: reader.ordered_trials(1),
    lambda reader: reader.scored(1),
    lambda reader: reader.specs((1, 2)),
    lambda reader: reader.curves((1, 2)),
    lambda reader: reader.run(1),
    lambda reader: reader.measures(1),
    lambda reader: reader.importance(1, "ped-anova"),
    lambda reader: reader.unfinished_runs(),
    lambda reader: reader.arena(),
    lambda reader: reader.workers(),
    lambda reader: reader.log.window(LogFilter(), around=None, limit=50),
    lambda reader: reader.version(),
)
TEXTS_IN = (
    ("cl_study", "name"),
    ("cl_study", "spec"),
    ("cl_study", "sequence"),
    ("cl_run", "spec"),
    ("cl_run", "learning_rates"),
    ("cl_run", "label"),
    ("cl_run", "reason"),
    ("cl_stage", "task"),
    ("cl_log", "text"),
    ("cl_worker", "device"),
    ("cl_importance", "shares"),
    ("cl_confusion", "labels"),
    ("cl_confusion", "cells"),
)
FEWER = settings(max_examples=settings().max_examples // 4)
"""Looking at everything takes a while."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damaged")


def look_around(path: Path) -> None:
    reader = Reader(str(path))
    for look in LOOKS:
        complaint(partial(look, reader))
    reader.close()


@FEWER
@given(st.lists(st.tuples(st.integers(0), st.binary(min_size=1, max_size=40)), min_size=1))
def test_any_bytes_in_a_store(
    recording: Path, folder: Path, damages: list[tuple[int, bytes]]
) -> None:
    content = bytearray(recording.read_bytes())
    for place, damage in damages:
        content[place % len(content) : place % len(content) + len(damage)] = damage
    path = folder / "bytes.db"
    path.write_bytes(content)
    look_around(path)


@FEWER
@given(st.sampled_from(TEXTS_IN), st.binary(max_size=8) | VALUES.map(json.dumps).map(str.encode))
def test_any_text_in_a_column_of_a_store(
    recording: Path, folder: Path, place: tuple[str, str], text: bytes
) -> None:
    """No text of a store need be UTF-8, and none that is JSON need say what is expected."""
    table, column = place
    path = folder / "texts.db"
    path.write_bytes(recording.read_bytes())
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA ignore_check_constraints = on")
        connection.execute(f"UPDATE OR IGNORE {table} SET {column} = CAST(? AS TEXT)", (text,))
    look_around(path)
