"""What a bench finds, as values; and the tables that show them, in a terminal and in a document.

A bench is a module with ``measure``, which returns figures, and a first line that says what is
measured. ``python -m bench`` runs them (``__main__.py``).
"""

from collections.abc import Iterable, Sequence
from itertools import groupby
from statistics import fmean, median, quantiles, stdev
from typing import Literal

from msgspec import Struct

Way = Literal["median", "mean"]
_DIGITS = 3
_TENS = 10**_DIGITS


class Figure(Struct, frozen=True, kw_only=True):
    """One quantity of one case, over the rounds in which it was measured."""

    case: str
    what: str
    """The quantity, unit included, such as ``rows/s``."""
    middle: float
    low: float
    high: float
    rounds: int
    way: Way = "median"
    """median, between the ends of the middle 80 % of the rounds; or mean ± its standard error."""


def over_rounds(case: str, what: str, values: Sequence[float]) -> Figure:
    """Return the median of a quantity and where the middle 80 % of its rounds lie."""
    low, high = values[0], values[0]
    if len(values) > 1:
        deciles = quantiles(values, n=10, method="inclusive")
        low, high = deciles[0], deciles[-1]
    middle = median(values)
    return Figure(case=case, what=what, middle=middle, low=low, high=high, rounds=len(values))


def over_seeds(case: str, what: str, values: Sequence[float]) -> Figure:
    """Return the mean of a quantity and its standard error on both sides."""
    mean = fmean(values)
    error = stdev(values) / len(values) ** 0.5 if len(values) > 1 else 0.0
    return Figure(
        case=case,
        what=what,
        middle=mean,
        low=mean - error,
        high=mean + error,
        rounds=len(values),
        way="mean",
    )


def table(figures: Sequence[Figure]) -> str:
    """Return figures as Markdown: a row for each case, a column for each quantity.

    Cases of other quantities stand in a table of their own.
    """
    cases: dict[str, dict[str, str]] = {}
    for each in figures:
        cases.setdefault(each.case, {})[each.what] = cell(each)
    alike = groupby(cases.items(), key=lambda item: tuple(item[1]))
    return "\n\n".join(_table(columns, rows) for columns, rows in alike)


def _table(columns: Sequence[str], cases: Iterable[tuple[str, dict[str, str]]]) -> str:
    rows = [["", *columns], *([case, *cells.values()] for case, cells in cases)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rows.insert(1, ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])])
    return "\n".join(_line(row, widths) for row in rows)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = (f"{text:>{width}}" for text, width in zip(row, widths, strict=True))
    return f"| {' | '.join([f'{row[0]:<{len(first)}}', *others])} |"


def cell(figure: Figure) -> str:
    """Write a figure with its spread."""
    if figure.rounds == 1:
        return number(figure.middle)
    if figure.way == "mean":
        return f"{figure.middle:+.4f} ± {figure.high - figure.middle:.4f}"
    return f"{number(figure.middle)} ({number(figure.low)} to {number(figure.high)})"


def number(value: float) -> str:
    """Write a number with three digits that count."""
    if abs(value) >= _TENS:
        return f"{value:,.0f}"
    if value and abs(value) < 1 / _TENS:
        return f"{value:.1e}"
    return f"{value:#.{_DIGITS}g}".rstrip(".")
