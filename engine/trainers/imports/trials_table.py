"""A CSV of trials, a row each: rates and accuracies in columns of any order.

Rates are ``lr0``, ``lr1`` … as ``trials --out`` writes them, or called as choices are
(``embeddings``, ``layers 2-3``, ``heads``), or one ``lr`` for all, with ``decay`` from layer to
layer beside it or not. ``p_o`` and ``p_s`` are accuracies after the second task, on the first and
on the second.
"""

import csv
import re
from collections.abc import Mapping, Sequence
from io import StringIO
from itertools import count
from pathlib import Path
from typing import Final

from msgspec import Struct

from engine.errors import UsageError, reason_of, shown
from engine.profiles import Grouping
from engine.profiles.profile import is_rate, llrd_rates
from engine.store.studies import FinishedTrial

SCORES: Final = ("p_o", "p_s")
KNOWN: Final = (*SCORES, "p_o_before", "label", "state", "lr", "decay")
"""Columns besides the rates of choices."""
_FOREIGN: Final = re.compile(r"^(?:params|user_attrs|config)[_/.]")
"""How Optuna and trackers begin the names of what was tried and found."""
_OVER: Final = ("", "complete", "completed", "finished")
"""States, in small letters, of trials that came to their end."""
_FLAT: Final = ("lr",)
_LLRD: Final = ("lr", "decay")
_PERCENT: Final = 100.0
_SEPARATORS: Final = "\t;,"


class TrialsTable(Struct, frozen=True, kw_only=True):
    """The trials of a table."""

    trials: tuple[FinishedTrial, ...]
    left_out: int
    """Rows of trials that did not come to their end."""


def read_trials_table(
    path: Path, grouping: Grouping, columns: Mapping[str, str] | None = None
) -> TrialsTable:
    """Read a table.

    Args:
        path: of a file with a header; tabs, semicolons or commas between the columns.
        grouping: of the backbone's layers, which says what choices there are.
        columns: what columns are called there, by the names that this module gives them.

    Raises:
        UsageError: the file cannot be read, a column is missing, or a cell is no such number.
    """
    table = _Table(path, columns or {})
    rates = _rate_columns(table, grouping)
    for name in SCORES:
        table.require(name)
    trials: list[FinishedTrial] = []
    left_out = 0
    for place, row in table.rows():
        if table.cell(row, "state").lower() not in _OVER or not any(
            table.cell(row, name) for name in SCORES
        ):
            left_out += 1
            continue
        before = table.cell(row, "p_o_before")
        scores = tuple(table.accuracy(place, row, name) for name in SCORES)
        first = (table.accuracy(place, row, "p_o_before"),) if before else ()
        trials.append(
            FinishedTrial(
                learning_rates=rates.of(table, place, row),
                accuracies=(first, scores),
                label=table.cell(row, "label") or None,
            )
        )
    if not trials:
        raise UsageError(f"{table.where} has no trial that came to its end; give one that has")
    return TrialsTable(trials=tuple(trials), left_out=left_out)


def count_rate_columns(path: Path, columns: Mapping[str, str] | None = None) -> int:
    """Return for how many choices a table has rates, as ``lr0`` and so on.

    Raises:
        UsageError: as ``read_trials_table``.
    """
    table = _Table(path, columns or {})
    return next(choice for choice in count() if f"lr{choice}" not in table)


def is_trials_table(header: str) -> bool:
    """Whether a first line has names, so that it is no log of numbers alone."""
    return any(cell and not _is_number(cell) for cell in _split(header.strip().rstrip(",")))


class _Table:
    """The cells of a CSV file by the names that we know."""

    def __init__(self, path: Path, columns: Mapping[str, str]) -> None:
        self.where = f"table {shown(path)}"
        lines = _read(path, self.where)
        self.header = _split(lines[0]) if lines else []
        self._lines = lines
        self._places: dict[str, list[int]] = {}
        """Of the columns that are called so; a name that is asked for has one."""
        for place, name in enumerate(self.header):
            self._places.setdefault(_FOREIGN.sub("", name.strip()).lower(), []).append(place)
        for name, column in columns.items():
            places = [place for place, known in enumerate(self.header) if known == column]
            if not places:
                raise self.missing(name, column)
            self._places[name] = places

    def missing(self, name: str, column: str) -> UsageError:
        there = ", ".join(f"'{shown(known, 30)}'" for known in self.header[:12]) or "none"
        return UsageError(
            f"{self.where} has no column '{shown(column)}'; it has {there}; say which one is meant "
            f"with --columns {shown(name)}=COLUMN"
        )

    def __contains__(self, name: str) -> bool:
        return self._place(name) is not None

    def _place(self, name: str) -> int | None:
        """Return where the column of that name is; None: there is none.

        Raises:
            UsageError: there are two.
        """
        places = self._places.get(name, [])
        if len(places) < 2:  # noqa: PLR2004 - one is all that it takes
            return places[0] if places else None
        one, other = (self.header[place] for place in places[:2])
        if one == other:
            raise UsageError(f"{self.where} has column '{shown(one)}' twice; rename one of them")
        raise UsageError(
            f"{self.where} has '{shown(one)}' and '{shown(other)}', which both could be {name}; "
            f"say which one is with --columns {name}=COLUMN"
        )

    def require(self, name: str) -> None:
        if name not in self:
            raise self.missing(name, name)

    def rows(self) -> Sequence[tuple[int, list[str]]]:
        """Return the rows with their numbers, counted from 1 without the header."""
        separator = _separator(self._lines[0]) if self._lines else ","
        read = csv.reader(self._lines[1:], delimiter=separator)
        try:
            return [(place, row) for place, row in enumerate(read, 1) if any(map(str.strip, row))]
        except csv.Error as error:
            raise UsageError(f"{self.where} is no CSV ({error}); save it as one again") from None

    def cell(self, row: Sequence[str], name: str) -> str:
        place = self._place(name)
        return row[place].strip() if place is not None and place < len(row) else ""

    def accuracy(self, place: int, row: Sequence[str], name: str) -> float:
        number = self._number(place, row, name, "an accuracy from 0 to 1")
        if not 0.0 <= number <= 1.0:
            hint = "; divide percents by 100" if 1.0 < number <= _PERCENT else ""
            raise self._wrong(place, row, name, f"an accuracy from 0 to 1 belongs there{hint}")
        return number

    def rate(self, place: int, row: Sequence[str], name: str) -> float:
        number = self._number(place, row, name, "a learning rate")
        if not is_rate(number):
            raise self._wrong(place, row, name, "a rate above 0 and at most 1 belongs there")
        return number

    def _number(self, place: int, row: Sequence[str], name: str, what: str) -> float:
        try:
            return float(self.cell(row, name))
        except ValueError:
            raise self._wrong(place, row, name, f"{what} belongs there") from None

    def _wrong(self, place: int, row: Sequence[str], name: str, what: str) -> UsageError:
        column, cell = self.header[self._places[name][0]], self.cell(row, name)
        return UsageError(
            f"{self.where}, row {place}: column '{shown(column)}' is '{shown(cell, 30)}'; {what}"
        )


class _RateColumns(Struct, frozen=True):
    """Where a row has its rates."""

    columns: tuple[str, ...]
    """One per choice, or ``lr``, or ``lr`` and ``decay``."""
    grouping: Grouping

    def of(self, table: _Table, place: int, row: Sequence[str]) -> tuple[float, ...]:
        numbers = tuple(table.rate(place, row, column) for column in self.columns)
        if self.columns == _LLRD:
            rate, decay = numbers
            return llrd_rates(rate, decay, self.grouping)
        return numbers if self.columns != _FLAT else numbers * self.grouping.n_choices


def _rate_columns(table: _Table, grouping: Grouping) -> _RateColumns:
    labels = grouping.labels()
    for columns in (
        tuple(f"lr{choice}" for choice in range(grouping.n_choices)),
        labels,
        tuple(label.replace("–", "-") for label in labels),
        _LLRD,
        _FLAT,
    ):
        if all(column in table for column in columns):
            _refuse_more(table, columns, grouping)
            return _RateColumns(columns, grouping)
    choices = f"lr0 to lr{grouping.n_choices - 1}"
    raise UsageError(
        f"{table.where} has no learning rates of {grouping.n_choices} choices: neither {choices}, "
        f"nor {labels[0]} to {labels[-1]}, nor lr; name the backbone with --model, or columns with "
        "--columns lr0=COLUMN,…"
    )


def _refuse_more(table: _Table, columns: tuple[str, ...], grouping: Grouping) -> None:
    more = f"lr{grouping.n_choices}"
    if columns[0] == "lr0" and more in table:
        raise UsageError(
            f"{table.where} has a column {more}, and the backbone has {grouping.n_choices} "
            "choices; name the one that learnt with --model"
        )


def _read(path: Path, where: str) -> list[str]:
    try:
        return list(StringIO(path.read_text(encoding="utf-8-sig")))
    except OSError as error:
        raise UsageError(f"cannot read {where}: {reason_of(error)}; check the path") from None
    except UnicodeDecodeError:
        raise UsageError(f"{where} is no text; save it as CSV in UTF-8") from None


def _separator(header: str) -> str:
    return max(_SEPARATORS, key=header.count)


def _split(header: str) -> list[str]:
    try:
        return next(csv.reader([header], delimiter=_separator(header)), [])
    except csv.Error:  # no table has a cell as long as that
        return []


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
