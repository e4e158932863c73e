"""Rows as a source gives them, with labels still spelled out."""

from collections.abc import Iterable, Mapping, Sequence
from math import isnan

from msgspec import Struct
from msgspec.structs import replace

from engine.errors import UsageError, shown


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


def rows_from(
    table: Mapping[str, Sequence[object]],
    columns: Columns,
    where: str,
    names: tuple[str, ...] = (),
) -> Rows:
    """Make rows of a table's columns.

    Raises:
        UsageError: a value is missing, or is no text.
    """

    def texts(column: str) -> list[str]:
        return [_text(value, column, row, where) for row, value in enumerate(table[column], 1)]

    return Rows(
        where=where,
        sentence1=texts(columns.sentence1),
        sentence2=None if columns.sentence2 is None else texts(columns.sentence2),
        labels=[
            _text(value, columns.label, row, where, may_be_empty=False)
            for row, value in enumerate(table[columns.label], 1)
        ],
        names=names,
    )


def require_columns(columns: Columns, there: Sequence[str], where: str) -> None:
    """Make sure that the columns are there.

    Raises:
        UsageError: one is not, or comes twice.
    """
    for name in columns.names():
        if name not in there:
            raise UsageError(
                f"{where} has no column '{shown(name)}'; it has {shown(', '.join(there))}"
            )
        if there.count(name) > 1:
            raise UsageError(f"{where} has column '{shown(name)}' twice; rename one of them")


def _text(value: object, column: str, row: int, where: str, *, may_be_empty: bool = True) -> str:
    match value:
        case str():
            text = value
        case bool() | int():
            text = str(value)
        case float() if not isnan(value):
            text = str(int(value)) if value.is_integer() else str(value)
        case None | float():
            raise UsageError(
                f"{where}, row {row}: column '{shown(column)}' is empty; fill or drop the row"
            )
        case _:
            raise UsageError(f"{where}, row {row}: column '{shown(column)}' holds no text")
    if not (text or may_be_empty):
        raise UsageError(
            f"{where}, row {row}: column '{shown(column)}' is empty; fill or drop the row"
        )
    return text
