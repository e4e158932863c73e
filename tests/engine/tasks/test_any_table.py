"""Whatever is in a file: rows, or one clean error."""

import csv
import gzip
import io
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pyarrow import parquet

from engine.errors import UsageError
from engine.tasks.rows import Columns, RawTask, classes_of, label_of
from engine.tasks.sources.files import SUFFIXES, read_rows

COLUMNS = Columns(sentence1="text", label="label")
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
TABLES = st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=5)
MARKS = st.sampled_from(list(',;\t\n\r":{}[]\0\x1b\ufeff'))
WORDS = st.sampled_from(["text", "label", '"text":', '"label":', "sep=;", "\r\n", '""'])
VALUES = st.sampled_from(["null", "NaN", "1e999", "-1", "0.0", "\\ud83d", "\\u0000", "9" * 30])
LIKELY = st.lists(MARKS | WORDS | VALUES | TEXTS, max_size=30).map("".join)

Write = Callable[[pd.DataFrame, Path], object]


def check(path: Path) -> None:
    """Read a file: into columns of one length, or with an error of one printable line."""
    try:
        rows = read_rows(path, COLUMNS)
        assert len(rows.sentence1) == len(rows.labels)
        classes = classes_of(RawTask(train=rows, validation=None))
    except UsageError as error:
        message = str(error)
    else:
        assert {label_of(name) for name in classes.names} == set(rows.labels)
        message = ""
    assert not message or message.isprintable()
    assert len(message) <= 1000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tables")


@given(st.sampled_from([*SUFFIXES, ".csv.gz", ".tsv.bz2", ".jsonl.xz"]), st.binary(max_size=200))
def test_any_bytes(folder: Path, suffix: str, content: bytes) -> None:
    path = folder / f"bytes{suffix}"
    path.write_bytes(content)
    check(path)


@given(
    st.sampled_from([".csv", ".tsv", ".jsonl", ".json"]),
    st.sampled_from(["", "text,label\n", "text\tlabel\n", "sep=;\ntext;label\n", '{"text":', "["]),
    LIKELY,
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252"]),
)
def test_any_text(folder: Path, suffix: str, begin: str, text: str, encoding: str) -> None:
    path = folder / f"text{suffix}"
    path.write_bytes((begin + text).encode(encoding, "replace"))
    check(path)


@given(
    st.sampled_from([".csv.gz", ".parquet"]), st.integers(0), st.binary(max_size=8), st.booleans()
)
def test_any_damage(folder: Path, suffix: str, place: int, damage: bytes, is_cut: bool) -> None:
    table = pa.table({"text": ["one", "two"] * 20, "label": [0, 1] * 20})
    if suffix == ".parquet":
        whole = io.BytesIO()
        parquet.write_table(table, whole)
        content = whole.getvalue()
    else:
        content = gzip.compress(table.to_pandas().to_csv(index=False).encode(), mtime=0)
    place %= len(content)
    path = folder / f"damaged{suffix}"
    path.write_bytes(content[:place] + damage + (b"" if is_cut else content[place + len(damage) :]))
    check(path)


def as_lines(table: pd.DataFrame, path: Path, **how: str) -> None:
    """Write a table as pandas does, which quotes no lone carriage return."""
    texts = [*table["text"], *table["label"]]
    assume(not any("\r" in text for text in texts))
    assume(path.suffix != ".tsv" or not any("\t" in text and "\n" in text for text in texts))
    table.to_csv(path, index=False, **how)


WRITERS: dict[str, Write] = {
    "comma.csv": as_lines,
    "bom.csv": lambda table, path: as_lines(table, path, encoding="utf-8-sig"),
    "semicolon.csv": lambda table, path: table.to_csv(
        path, index=False, sep=";", quoting=csv.QUOTE_ALL
    ),
    "wide.csv": lambda table, path: as_lines(table, path, encoding="utf-16"),
    "packed.csv.gz": as_lines,
    "tab.tsv": lambda table, path: as_lines(table, path, sep="\t"),
    "lines.jsonl": lambda table, path: table.to_json(path, orient="records", lines=True),
    "array.json": lambda table, path: table.to_json(path, orient="records", force_ascii=False),
    "table.parquet": lambda table, path: table.to_parquet(path),
}


@given(st.sampled_from(list(WRITERS)), TABLES)
def test_what_pandas_writes_is_read_as_it_was(
    folder: Path, name: str, rows: list[tuple[str, str]]
) -> None:
    WRITERS[name](pd.DataFrame(rows, columns=["text", "label"]), folder / name)
    read = read_rows(folder / name, COLUMNS)
    assert list(zip(read.sentence1, read.labels, strict=True)) == [
        (text, label_of(label)) for text, label in rows
    ]


@given(st.lists(TEXTS | st.sampled_from(["a", "A", "-1", "0.0", "0", "1.5", "", " a"])))
def test_any_labels(labels: list[str]) -> None:
    rows = [label_of(label) for label in labels]
    assert [label_of(label) for label in rows] == rows
