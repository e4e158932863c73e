"""Trials in files: every digit, and one writer for all."""

import csv
import json
from pathlib import Path

import pytest
from pyarrow import parquet

from bertcl_tui.store.reader import Reader
from bertcl_tui.study.columns import order_by
from bertcl_tui.study.writing import FACTS, fact_names, to_tsv, write_trials
from engine.errors import UsageError

LIVE, CHOICES = 1, 8


def test_a_table_has_a_column_for_each_rate_and_every_digit(reader: Reader, tmp_path: Path) -> None:
    rows = reader.trials(LIVE).rows
    out = tmp_path / "trials.csv"
    assert write_trials(rows, FACTS, CHOICES, out) == 31
    with out.open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert [int(line["number"]) for line in lines] == [row.number for row in rows]
    for line, row in zip(lines, rows, strict=True):
        assert tuple(float(line[f"lr{index}"]) for index in range(CHOICES)) == row.learning_rates
        assert line["p"] == ("" if row.p is None else repr(row.p))
        assert line["reason"] == (row.reason or "")
    assert not list(tmp_path.glob(".*"))


def test_data_has_the_rates_as_a_list(reader: Reader, tmp_path: Path) -> None:
    rows = reader.trials(LIVE).rows
    out = tmp_path / "trials.json"
    write_trials(rows, FACTS, CHOICES, out)
    told = json.loads(out.read_text())
    assert [trial["number"] for trial in told] == [row.number for row in rows]
    assert tuple(told[0]["learning_rates"]) == rows[0].learning_rates
    write_trials((), FACTS, CHOICES, out)
    assert json.loads(out.read_text()) == []


def test_parquet_has_the_table(reader: Reader, tmp_path: Path) -> None:
    rows = reader.trials(LIVE).rows
    out = tmp_path / "trials.parquet"
    assert write_trials(rows, FACTS, CHOICES, out) == 31
    table = parquet.read_table(out).to_pydict()
    assert table["p"] == [row.p for row in rows]
    assert table["lr7"] == [row.learning_rates[7] for row in rows]


def test_some_columns_by_what_the_table_calls_them(reader: Reader) -> None:
    (row,) = reader.chosen_trials(LIVE, [10])
    text = to_tsv([row], fact_names(["#", "time", "lr2", "label"], CHOICES), CHOICES)
    assert text.splitlines() == [
        "number\tbusy_seconds\tlr2\tlabel",
        f"10\t{row.busy_seconds}\t{row.learning_rates[2]}\t",
    ]


@pytest.mark.parametrize("word", ["lr8", "colour"])
def test_a_column_that_is_none_is_named(word: str) -> None:
    with pytest.raises(
        UsageError, match=rf"no column named '{word}'; use one of number, .*lr0\.\.lr7"
    ):
        fact_names([word], CHOICES)


def test_an_ending_says_the_format(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"ends in none of \.csv, \.tsv, \.json, \.parquet"):
        write_trials((), FACTS, CHOICES, tmp_path / "trials.xlsx")


def test_a_place_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot write .*choose another place"):
        write_trials((), FACTS, CHOICES, tmp_path / "nowhere" / "trials.csv")


def test_an_order_is_read_as_people_say_it() -> None:
    assert order_by("time", CHOICES).field == "busy_seconds"
    assert order_by("p", CHOICES).descending
    assert not order_by("number", CHOICES).descending
    assert order_by("number", CHOICES, reverse=True).descending
    with pytest.raises(UsageError, match="cannot be sorted by 'colour'"):
        order_by("colour", CHOICES)
