"""How work gets on, on stderr: a bar for a person, lines for a log."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from msgspec import Struct
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn

from bertcl_tui.cli.output import say

_QUIET_SECONDS: Final = 30.0
"""After so long without a line, one says that work goes on."""


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
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.fields[note]}"),
    )
    console = Console(stderr=True, highlight=False)
    with Progress(*columns, console=console, transient=True) as progress:
        yield _Bar(progress)


class _Bar:
    """News above a bar."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=None, note="")

    def show(self, view: View) -> None:
        for line in view.news:
            self._progress.console.print(line, markup=False)
        self._progress.update(
            self._task,
            description=escape(view.title),
            completed=view.done,
            total=view.total,
            note=escape(view.note),
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
        say(text)
        self._said_at = time.monotonic()
