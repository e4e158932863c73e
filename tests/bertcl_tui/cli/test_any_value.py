"""A store with a value that is none of its column: an answer or one line, from every command."""

import re
import sqlite3
from contextlib import closing, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bertcl_tui.cli.main import run
from bertcl_tui.doctor.findings import find_store
from engine.store.schema import metadata
from tests.foreign import NASTY
from tests.recorded import DONE, LIVE

pytestmark = pytest.mark.long

Value = None | int | float | str | bytes
COLUMNS = [
    (table.name, column.name) for table in metadata.sorted_tables for column in table.columns
]
VALUES: st.SearchStrategy[Value] = (
    st.none()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.sampled_from(NASTY).filter(str.isascii)
    | st.text(st.characters(codec="utf-8"), max_size=8)
    | st.binary(max_size=8)
)
"""Of every type that SQLite has; not a number is NULL to it."""
LOOKS = (
    "studies",
    "studies --json",
    f"trials {DONE}",
    f"trials {LIVE} --json",
    f"trials {LIVE} --filter lr3>1e-6 --sort mean_p",
    f"show {LIVE}",
    f"show {LIVE} --json",
    f"show {DONE} 1",
    f"show {LIVE} 30 --json",
    f"explain {DONE}:1 {LIVE}:2",
    f"combine {DONE} {LIVE}:1,2",
    f"importance {DONE}",
    f"confirm {LIVE} --offline",
    "arena --offline",
    "arena --offline --json",
    "workers",
    "workers --json",
    "log",
    f"log --study {LIVE} --json",
    "clean",
    "clean --json",
)


@pytest.fixture(scope="module")
def place(arena_recording: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where the store of each example lies."""
    path = tmp_path_factory.mktemp("values") / "studies.db"
    path.write_bytes(arena_recording.read_bytes())
    return path


@pytest.fixture(scope="module", autouse=True)
def standing_there(place: Path) -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place.parent)
        patch.setenv("HOME", str(place.parent))
        patch.setenv("XDG_CACHE_HOME", str(place.parent / "cache"))
        patch.setenv("BERTCL_CONFIG", str(place.parent / "config.toml"))
        patch.setenv("HF_HUB_OFFLINE", "1")
        yield place


def put(path: Path, table: str, column: str, value: Value) -> None:
    """Write a value everywhere in a column, past the type and conditions of the column."""
    schema = "SELECT sql FROM sqlite_master WHERE name = ?"
    write = "UPDATE sqlite_master SET sql = ? WHERE name = ?"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema = on")
        (honest,) = connection.execute(schema, (table,)).fetchone()
        loose = re.sub(r" NOT NULL|\b(TEXT|FLOAT|BIGINT)\b", "", honest)
        loose = re.sub(r"\bINTEGER\b(?!.*PRIMARY KEY)", "", loose)
        connection.execute(write, (loose, table))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = off")
        connection.execute(f"UPDATE OR IGNORE {table} SET {column} = ?", (value,))
        connection.execute("PRAGMA writable_schema = on")
        connection.execute(write, (honest, table))


@settings(max_examples=settings().max_examples // 4)
@given(st.sampled_from(COLUMNS), VALUES, st.lists(st.sampled_from(LOOKS), min_size=2, max_size=2))
def test_any_value_in_any_column(
    arena_recording: Path, place: Path, column: tuple[str, str], value: Value, looks: list[str]
) -> None:
    for left in place.parent.glob(f"{place.name}-*"):
        left.unlink()  # the log of a store that is none of this example
    place.write_bytes(arena_recording.read_bytes())
    try:
        put(place, *column, value)
    except (sqlite3.IntegrityError, OverflowError):
        return
    for look in looks:
        check(look)
    texts = [finding.text for finding in find_store(str(place))]
    assert [text for text in texts if not text.isprintable()] == []


@pytest.mark.parametrize(
    ("column", "look"),
    [("state", f"combine {DONE} {LIVE}:1,2"), ("learning_rates", f"importance {DONE}")],
)
def test_values_that_were_trouble_before(
    arena_recording: Path, place: Path, column: str, look: str
) -> None:
    place.write_bytes(arena_recording.read_bytes())
    put(place, "cl_run", column, None)
    check(look)


def test_a_wrong_value_is_named_with_its_table_row_and_column(
    arena_recording: Path, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place.write_bytes(arena_recording.read_bytes())
    with closing(sqlite3.connect(place)) as connection, connection:
        connection.execute("UPDATE cl_run SET p = 'high' WHERE id = 3")
    assert run(["trials", LIVE]) == 1
    assert capsys.readouterr().err == (
        f"error: store {place} is damaged: cl_run id 3 has no number as p; "
        "put a copy in its place, or use --store\n"
    )


def check(look: str) -> None:
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run(look.split())
    assert code in {0, 1, 2}
    for text in (out.getvalue(), err.getvalue()):
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", text)
        assert "Traceback" not in text
    if code:
        *_, last, end = err.getvalue().split("\n")
        assert last.startswith("error: ")
        assert end == ""
