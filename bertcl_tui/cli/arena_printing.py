"""Printing the arena's tables, on stdout or into a file."""

from collections.abc import Sequence
from pathlib import Path

from bertcl_tui.arena.drawing import draw_arena
from bertcl_tui.arena.writing import (
    FORMATS,
    TEXT,
    format_of,
    lines_below,
    to_format,
    write_tables,
)
from bertcl_tui.cli.output import print_json, print_line, print_text, say
from engine.arena.tables import Table
from engine.errors import UsageError


def chosen_format(name: str, out: Path | None) -> str:
    """Return the format that was named, else that of the file's name, else text.

    Raises:
        UsageError: there is no such format.
    """
    chosen = name or (format_of(out) if out else TEXT)
    if chosen not in FORMATS:
        raise UsageError(f"no format '{chosen}'; use one of {', '.join(FORMATS)}")
    return chosen


def put_tables(tables: Sequence[Table], form: str, out: Path | None, *, json: bool) -> None:
    """Write tables into a file, or print them.

    Raises:
        UsageError: the file cannot be written.
    """
    if out is not None:
        write_tables(tables, form, out)
        say(f"table written to {out}")
    if json:
        print_json(tables)
    elif out is None and form == TEXT:
        for table in tables:
            _print(table)
    elif out is None:
        print_line(to_format(tables, form).rstrip("\n"))


def _print(table: Table) -> None:
    print_line(f"{table.title}\n")
    print_text(draw_arena(table))
    print_line("")
    for line in lines_below(table):
        print_line(line)
