"""What is printed: the answer on stdout; on stderr what is said besides, and how work gets on."""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, Literal, Protocol

import msgspec
from msgspec import Struct
from rich.console import Console, ConsoleDimensions, ConsoleOptions, RenderableType
from rich.measure import Measurement
from rich.progress import BarColumn, Progress, TextColumn
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

_OF_NAMES: Final = ("at", "model", "name", "study")
"""Columns of texts that people make as long as they like."""
_MOST_OF_A_NAME: Final = 100
"""Letters of one in a table; how it begins is enough to name it, and JSON and CSV have it whole."""
_ENDLESS: Final = 10_000
"""Columns of what is no terminal: lines that a program reads are not broken."""
_CONTROLS: Final = {
    code: repr(chr(code))[1:-1]
    for code in (*range(32), *range(127, 160), *range(0xD800, 0xE000))
    if chr(code) not in "\t\n"
}
"""What a terminal obeys, and what no UTF-8 can say, as it is shown instead."""
_BREAKS: Final = {ord("\n"): "\\n", ord("\t"): "\\t"}
_AS_WRITTEN: Final[dict[str, Any]] = {"highlight": False, "markup": False, "emoji": False}
"""Of a console: names may look like Rich's markup (``[b]``) or its pictures (``:heart:``)."""
_QUIET_SECONDS: Final = 30.0
"""After so long without a line, one says that work goes on."""
_LEFT: Literal["left"] = "left"
_RIGHT: Literal["right"] = "right"


def say(text: str) -> None:
    """Say on stderr what is not the answer."""
    sys.stderr.write(f"{_without_controls(text)}\n")
    sys.stderr.flush()


def print_line(text: str) -> None:
    """Print a line of the answer."""
    sys.stdout.write(f"{_without_controls(text)}\n")


def print_json(value: object) -> None:
    """Print the answer for a program."""
    print_line(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def print_text(text: Table | Text) -> None:
    """Print something drawn, as wide as it is: a narrow terminal breaks lines, and cuts nothing."""
    console = _Console(file=sys.stdout, **_AS_WRITTEN)
    endless = console.options.update(width=_ENDLESS)
    whole = Measurement.get(console, endless, text).maximum
    width = max(console.width, whole) if sys.stdout.isatty() else _ENDLESS
    console.size = ConsoleDimensions(width, console.height)  # both, or a dumb terminal has 80
    console.print(text)


def _without_controls(text: str) -> str:
    """Return text in which no letter commands a terminal; lines stay lines."""
    return text.translate(_CONTROLS)


def _on_one_line(text: str) -> str:
    return _without_controls(text).translate(_BREAKS)


class _Table(Table):
    """Shows a cell on one line, as wide as it is when what it must not hold is written out."""

    def add_row(self, *cells: RenderableType | None, **how: Any) -> None:  # noqa: ANN401 - as Table has it
        clean = (_on_one_line(cell) if isinstance(cell, str) else cell for cell in cells)
        super().add_row(*clean, **how)


class _Console(Console):
    """Adds its own codes to what it prints, and lets no other through."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterator[Segment]:
        """Yield the pieces of something drawn."""
        for piece in super().render(renderable, options):
            yield piece if piece.control else Segment(_without_controls(piece.text), piece.style)


def make_table(
    texts: Sequence[str], numbers: Sequence[str] = (), more: Sequence[str] = ()
) -> Table:
    """Return an empty table with columns of texts, then of numbers, then of texts again."""
    table = _Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for names, justify in ((texts, _LEFT), (numbers, _RIGHT), (more, _LEFT)):
        for name in names:
            table.add_column(
                _on_one_line(name),
                justify=justify,
                no_wrap=True,
                overflow="ellipsis",
                max_width=_MOST_OF_A_NAME if name in _OF_NAMES else None,
            )
    return table


class View(Struct, frozen=True, kw_only=True):
    """How far work is."""

    title: str
    done: float
    total: float
    note: str
    news: tuple[str, ...] = ()
    """What happened since the last view, a line each."""


class Display(Protocol):
    """Shows how far work is."""

    def show(self, view: View) -> None:
        """Show how far it is now."""


@contextmanager
def open_progress() -> Iterator[Display]:
    """Show a bar where a person looks, else lines."""
    if not sys.stderr.isatty():
        yield _Lines()
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.fields[note]}", markup=False),
    )
    console = Console(stderr=True, **_AS_WRITTEN)
    with Progress(*columns, console=console, transient=True) as progress:
        yield _Bar(progress)


class _Bar:
    """News above a bar."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=None, note="")

    def show(self, view: View) -> None:
        for line in view.news:
            self._progress.console.print(_on_one_line(line))
        self._progress.update(
            self._task,
            description=_on_one_line(view.title),
            completed=view.done,
            total=view.total,
            note=_on_one_line(view.note),
        )


class _Lines:
    """News, and a line now and then where there is none."""

    def __init__(self) -> None:
        self._said_at = time.monotonic()

    def show(self, view: View) -> None:
        for line in view.news:
            self._say(f"{line} · {view.note}")
        if time.monotonic() - self._said_at > _QUIET_SECONDS:
            self._say(f"{view.title} {view.done / view.total:.0%} · {view.note}")

    def _say(self, text: str) -> None:
        say(_on_one_line(text))
        self._said_at = time.monotonic()
