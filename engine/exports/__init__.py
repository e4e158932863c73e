"""Results as files: tables as text, one file a format, and the figure of a task's shifts.

A format is one file here and one line in ``TABLE_FORMATS``; command line and screen offer what
stands there.
"""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from engine.arena.tables import Table
from engine.exports.csv import to_csv
from engine.exports.forest import to_forest
from engine.exports.latex import to_latex
from engine.exports.markdown import to_markdown


class TableFormat(NamedTuple):
    """A way to write a table as text."""

    suffix: str
    """Of the files that have it."""
    write: Callable[[Table], str]
    alone: bool = False
    """Whether a file has room for one table only."""


TABLE_FORMATS: Final[Mapping[str, TableFormat]] = {
    "markdown": TableFormat(".md", to_markdown),
    "csv": TableFormat(".csv", to_csv),
    "latex": TableFormat(".tex", to_latex),
    "svg": TableFormat(".svg", to_forest, alone=True),
}
"""Formats by the name under which people ask for them."""
