"""Tables into files."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from bertcl_tui.arena.look import Question, look_at_arena
from bertcl_tui.arena.writing import cell_lines, format_of, to_format, write_tables
from bertcl_tui.store.reader import Reader
from engine.errors import UsageError


@pytest.mark.parametrize(
    ("name", "form"),
    [("a.md", "markdown"), ("a.csv", "csv"), ("a.tex", "latex"), ("a.txt", "text"), ("a", "text")],
)
def test_how_a_file_ends_says_in_which_format_it_is_written(
    arena_reader: Reader, tmp_path: Path, name: str, form: str
) -> None:
    look = look_at_arena(arena_reader, Question())
    assert look is not None
    out = tmp_path / name
    assert format_of(out) == form
    write_tables([look.table], form, out)
    assert out.read_text(encoding="utf-8") == to_format([look.table], form)
    assert "flat 2e-5" in out.read_text(encoding="utf-8")


def test_every_number_says_that_its_rates_were_searched_on_this_sequence(
    arena_reader: Reader,
) -> None:
    look = look_at_arena(arena_reader, Question())
    assert look is not None
    cells = [cell for row in look.table.rows for cell in row.cells if cell.seen]
    assert cells
    for cell in cells:
        assert all("°" in line.plain for line in cell_lines(cell, 3, paper=False))


def test_a_place_that_cannot_be_written_is_said_and_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="choose another place"):
        write_tables([], "csv", tmp_path / "nowhere" / "a.csv")
    assert list(tmp_path.iterdir()) == []


def test_names_stand_in_a_table_as_they_are_written(arena_reader: Reader) -> None:
    look = look_at_arena(arena_reader, Question())
    assert look is not None
    rows = tuple(replace(row, title="[/x] own") for row in look.table.rows)
    columns = ("a:heart:b", *look.table.columns[1:])
    drawn = to_format([replace(look.table, rows=rows, columns=columns)], "text")
    assert drawn.count("[/x] own") >= len(rows)
    assert "a:heart:b" in drawn
