"""Rows as a source gives them, with labels still spelled out."""

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from math import isfinite, isnan
from unicodedata import normalize

from msgspec import Struct
from msgspec.structs import replace

from engine.errors import UsageError, shown

_MOST_NAMED = 8
_ROOM_FOR_NAME = 30
_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff"
_WHOLE = re.compile(r"([+-]?\d+)\.0*")


class Columns(Struct, frozen=True, kw_only=True):
    """Which columns hold the texts and the label."""

    sentence1: str = "sentence1"
    sentence2: str | None = None
    """None, or a column that is empty throughout: a task of single sentences."""
    label: str = "label"

    def names(self) -> tuple[str, ...]:
        """Return the columns that must exist."""
        texts = (self.sentence1,) if self.sentence2 is None else (self.sentence1, self.sentence2)
        return (*texts, self.label)


class Rows(Struct, frozen=True, kw_only=True):
    """Texts and labels of one file or split."""

    where: str
    """What to call them in a message, such as ``file /data/train.csv``."""
    sentence1: list[str]
    sentence2: list[str] | None
    labels: list[str]
    """As ``label_of`` spells them; empty where a row has none."""
    names: tuple[str, ...] = ()
    """Names of the classes, where the source knows them."""

    def take(self, rows: Iterable[int]) -> "Rows":
        """Return these rows, in this order."""
        rows = list(rows)
        return replace(
            self,
            sentence1=[self.sentence1[row] for row in rows],
            sentence2=self.sentence2 and [self.sentence2[row] for row in rows],
            labels=[self.labels[row] for row in rows],
        )


class RawTask(Struct, frozen=True, kw_only=True):
    """What a source gives for a task."""

    train: Rows
    validation: Rows | None
    """None: the source has a training split only."""

    def splits(self) -> tuple[Rows, ...]:
        """Return the splits that there are."""
        return (self.train,) if self.validation is None else (self.train, self.validation)


def rows_from(
    table: Mapping[str, Sequence[object]],
    columns: Columns,
    where: str,
    names: tuple[str, ...] = (),
) -> Rows:
    """Make rows of a table's columns.

    Raises:
        UsageError: a text is missing, or a value is no text.
    """

    def texts(column: str) -> list[str]:
        return [_text(value, column, row, where) for row, value in enumerate(table[column], 1)]

    return Rows(
        where=where,
        sentence1=texts(columns.sentence1),
        sentence2=None if columns.sentence2 is None else texts(columns.sentence2),
        labels=[
            "" if _is_missing(value) else label_of(_text(value, columns.label, row, where))
            for row, value in enumerate(table[columns.label], 1)
        ],
        names=names,
    )


def label_of(text: str) -> str:
    """Return the one spelling of a label, so that what looks the same is the same class.

    Letters are composed (NFC), blanks of every kind are one blank between words and none around
    them, and a whole number has no decimals. Case is left as it is.
    """
    label = " ".join(normalize("NFC", text).strip(_INVISIBLE).split())
    whole = _WHOLE.fullmatch(label)
    return str(int(whole[1])) if whole and len(label) < _ROOM_FOR_NAME else label


def require_columns(columns: Columns, there: Sequence[str], where: str) -> None:
    """Make sure that the columns are there.

    Raises:
        UsageError: one is not, or comes twice.
    """
    for name in columns.names():
        if name not in there:
            raise UsageError(f"{where} has no column '{shown(name)}'; it has {named(there)}")
        if there.count(name) > 1:
            raise UsageError(f"{where} has column '{shown(name)}' twice; rename one of them")


def named(names: Iterable[str]) -> str:
    """Return names as a message lists them: in quotation marks, cut, and not too many."""
    names = list(names)
    listed = ", ".join(f"'{shown(name, _ROOM_FOR_NAME)}'" for name in names[:_MOST_NAMED])
    more = len(names) - _MOST_NAMED
    return f"{listed} and {more} more" if more > 0 else listed or "none"


def numbered(rows: Sequence[int]) -> str:
    """Return rows, counted from 0, as a message lists them, counted from 1: ``rows 4 and 9``."""
    numbers = [str(row + 1) for row in rows[:_MOST_NAMED]]
    if len(rows) > _MOST_NAMED:
        return f"rows {', '.join(numbers)} and {len(rows) - _MOST_NAMED} more"
    if len(rows) == 1:
        return f"row {numbers[0]}"
    return f"rows {', '.join(numbers[:-1])} and {numbers[-1]}"


def _is_missing(value: object) -> bool:
    return value is None or (isinstance(value, float | Decimal) and isnan(value))


def _text(value: object, column: str, row: int, where: str) -> str:
    place = f"{where}, row {row}: column '{shown(column)}'"
    if _is_missing(value):
        raise UsageError(f"{place} is empty; fill or drop the row")
    match value:
        case str():
            return value
        case bool() | int():
            return _number(value, place)
        case float() | Decimal():
            is_whole = isfinite(value) and value == int(value)
            return _number(int(value), place) if is_whole else str(value)
        case bytes():
            try:
                return value.decode()
            except UnicodeDecodeError:
                raise UsageError(f"{place} holds bytes that are not UTF-8; convert it") from None
        case _:
            raise UsageError(f"{place} holds no text")


def _number(value: int, place: str) -> str:
    try:
        return str(value)
    except ValueError:  # Python writes no number of more than some thousand digits
        raise UsageError(f"{place} holds a number too long to be read; make it a text") from None
