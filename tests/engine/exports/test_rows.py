"""Rows as files: each format read back by what people read it with."""

import csv
import json
from pathlib import Path

import pandas as pd
import pytest
from pyarrow import parquet

from engine.errors import UsageError
from engine.exports.rows import rows_text, to_arrow, write_rows

COLUMNS = ("name", "p", "mixed")
ROWS = [("a, b", 0.1, 1), ("new\nline", None, "x"), ("é", 2.0, None)]


def test_a_text_has_every_digit_and_what_is_missing_is_empty(tmp_path: Path) -> None:
    write_rows(COLUMNS, ROWS, tmp_path / "rows.csv")
    with (tmp_path / "rows.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [
            list(COLUMNS),
            ["a, b", "0.1", "1"],
            ["new\nline", "", "x"],
            ["é", "2.0", ""],
        ]
    assert rows_text(COLUMNS, ROWS[:1], "tsv") == "name\tp\tmixed\na, b\t0.1\t1\n"


def test_json_is_a_list_of_objects(tmp_path: Path) -> None:
    write_rows(COLUMNS, ROWS, tmp_path / "rows.json")
    read = json.loads((tmp_path / "rows.json").read_text(encoding="utf-8"))
    assert read == [dict(zip(COLUMNS, row, strict=True)) for row in ROWS]
    assert json.loads(rows_text(COLUMNS, [], "json")) == []


def test_parquet_keeps_kinds_and_a_mixed_column_becomes_text(tmp_path: Path) -> None:
    write_rows(COLUMNS, ROWS, tmp_path / "rows.parquet")
    table = parquet.read_table(tmp_path / "rows.parquet")
    assert table.to_pydict() == {
        "name": ["a, b", "new\nline", "é"],
        "p": [0.1, None, 2.0],
        "mixed": ["1", "x", None],
    }
    assert pd.read_parquet(tmp_path / "rows.parquet")["p"].sum() == pytest.approx(2.1)
    assert to_arrow(COLUMNS, []).num_rows == 0


def test_an_unknown_ending_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\.csv, \.tsv, \.json, \.parquet"):
        write_rows(COLUMNS, ROWS, tmp_path / "rows.xlsx")
    assert not list(tmp_path.iterdir())
