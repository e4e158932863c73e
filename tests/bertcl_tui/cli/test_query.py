"""query: as a person types it."""

import json
from pathlib import Path

import pytest
from pyarrow import parquet

from engine.store.views import VIEWS
from tests.bertcl_tui.cli.conftest import Ask
from tests.recorded import DONE, LIVE, PAUSED

TWO = "SELECT name, highest_p, reason FROM studies ORDER BY id"


def test_the_views_are_listed_where_nothing_is_asked(ask: Ask, here: Path) -> None:
    answer = ask("query")
    assert (answer.code, answer.err) == (0, "")
    for view in VIEWS:
        assert f"{view.name}: {view.meaning}" in answer.out
        assert all(f"  {name} " in answer.out for name in view.columns)
    assert [item["view"] for item in ask("query", "--json").data] == [v.name for v in VIEWS]


def test_an_answer_as_table_csv_and_json(ask: Ask, store: Path) -> None:
    table = ask("query", "--sql", TWO, "--store", store)
    header, *rows = table.out.splitlines()
    assert header.split() == ["name", "highest_p", "reason"]
    assert [row.split()[0] for row in rows] == [LIVE, DONE, PAUSED]
    assert rows[2].split() == [PAUSED, "–", "–"]
    text = ask("query", "--sql", TWO, "--store", store, "--format", "csv").out
    assert text.splitlines()[3] == f"{PAUSED},,"
    rows = ask("query", "--sql", TWO, "--store", store, "--json").data
    assert rows[2] == {"name": PAUSED, "highest_p": None, "reason": None}


def test_an_answer_in_a_file(ask: Ask, store: Path, here: Path) -> None:
    answer = ask("query", "--sql", TWO, "--store", store, "--out", "mine.parquet")
    assert (answer.out, answer.err) == ("", "3 rows written to mine.parquet\n")
    assert parquet.read_table(here / "mine.parquet")["name"].to_pylist()[0] == LIVE
    assert ask("query", "--sql", TWO, "--store", store, "--out", "mine.json").code == 0
    assert len(json.loads((here / "mine.json").read_text())) == 3
    both = ("--json", "--format", "json", "--out", "mine.json")
    assert ask("query", "--sql", TWO, "--store", store, *both).code == 0


def test_that_there_are_more_rows_is_said(ask: Ask, store: Path) -> None:
    answer = ask("query", "--sql", TWO, "--store", store, "--limit", 2)
    assert len(answer.out.splitlines()) == 3
    assert answer.err == "these are the first 2 rows; there are more, see --limit\n"
    none = ask("query", "--sql", "SELECT * FROM drift WHERE drift > 99", "--store", store)
    assert (none.code, none.out, none.err) == (0, "", "no row\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--sql", "DELETE FROM cl_run"], "only reads"),
        (["--sql", "SELEC"], "syntax error"),
        (["--sql", TWO, "--format", "xml"], "table, csv, tsv, json"),
        (["--sql", TWO, "--out", "mine.xlsx"], ".parquet"),
        (["--sql", TWO, "--out", "nowhere/mine.csv"], "no folder"),
        (["--sql", TWO, "--limit", "0"], "--limit"),
        (["--sql", TWO, "--timeout", "inf"], "--timeout"),
        (["--sql", ""], "the query is empty"),
        (["--out", "mine.csv"], "--out does nothing without --sql SQL; leave it away"),
        (["--format", "csv"], "--format does nothing without --sql SQL"),
        (["--limit", "1000"], "--limit does nothing without --sql SQL"),
        (["--timeout", "3"], "--timeout does nothing without --sql SQL"),
        (["--sql", TWO, "--json", "--format", "csv"], "leave one away"),
        (["--sql", TWO, "--json", "--out", "mine.csv"], "leave one away"),
        (["--sql", TWO, "--format", "json", "--out", "mine.csv"], "leave one away"),
        (["--sql", TWO, "--store", "missing.db"], "no store"),
    ],
)
def test_wrong_use_is_one_line_and_leaves_nothing(
    ask: Ask, store: Path, here: Path, words: list[str], said: str
) -> None:
    named = [] if "--store" in words else ["--store", store]
    answer = ask("query", *words, *named)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.count("\n") == 1
    assert said in answer.err
    assert not list(here.iterdir())


def test_a_control_letter_in_a_cell_commands_nothing(ask: Ask, store: Path) -> None:
    answer = ask("query", "--sql", "SELECT char(27) || '[2J' AS a", "--store", store)
    assert "\x1b" not in answer.out
