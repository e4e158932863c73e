"""What is printed: data on stdout, narration on stderr."""

import sys
from collections.abc import Sequence
from typing import Literal

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

_ENDLESS = 10_000
"""Columns of what is no terminal: lines that a program reads are not broken."""
_LEFT: Literal["left"] = "left"
_RIGHT: Literal["right"] = "right"


def say(text: str) -> None:
    """Tell the person something that is not the answer."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def print_line(text: str) -> None:
    """Print a line of the answer."""
    sys.stdout.write(f"{text}\n")


def print_json(value: object) -> None:
    """Print the answer for a program."""
    print_line(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def print_text(text: Table | Text) -> None:
    """Print something drawn, as wide as it is where no person looks."""
    width = None if sys.stdout.isatty() else _ENDLESS
    Console(file=sys.stdout, width=width, highlight=False).print(text)


def make_table(
    texts: Sequence[str], numbers: Sequence[str] = (), more: Sequence[str] = ()
) -> Table:
    """Return an empty table with columns of texts, then of numbers, then of texts again."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for names, justify in ((texts, _LEFT), (numbers, _RIGHT), (more, _LEFT)):
        for name in names:
            table.add_column(name, justify=justify, no_wrap=True)
    return table
