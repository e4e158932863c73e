"""What a column of the store can hold, which SQLite does not watch over.

SQLite keeps any value in any column: in one that was edited or damaged, text may stand where a
number should. Whoever reads such a value gets a ``WrongValueError``.
"""

from collections.abc import Callable
from typing import Any, ClassVar, cast, get_args

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Dialect,
    Float,
    Integer,
    Text,
    TypeDecorator,
    func,
    not_,
    or_,
    true,
    type_coerce,
)

from engine.errors import shown

_LAST_MOMENT = 253_370_764_800.0
"""The year 9999: calendars end with it."""


class WrongValueError(ValueError):
    """A value was read that its column cannot hold."""


class Checked(TypeDecorator[Any]):
    """A kind of values; a column of it refuses to be read where a SQLite file has another."""

    kind: ClassVar[str]
    """What it is called in a message."""
    python: ClassVar[frozenset[type]]
    sqlite: ClassVar[tuple[str, ...]]
    """The types of the values in Python, and in SQLite's words."""

    def fits(self, _: object) -> bool:
        """Return whether a value of one of the types can stand there."""
        return True

    def fitting(self, _: ColumnElement[Any]) -> ColumnElement[bool]:
        """Return the same as a condition."""
        return true()

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        """Return what refuses a value that is none; a server takes none in."""
        if dialect.name != "sqlite":
            return super().result_processor(dialect, coltype)
        kinds, fits = self.python | {type(None)}, self.fits
        all_fit = type(self).fits is Checked.fits

        def checked(value: Any) -> Any:  # noqa: ANN401 - of any type indeed
            if type(value) in kinds and (all_fit or value is None or fits(value)):
                return value
            raise WrongValueError(f"no {self.kind}: {shown(value)}")

        return checked

    def is_wrong(self, column: Column[Any]) -> ColumnElement[bool]:
        """Return the condition that a row of a SQLite file has something else in this column."""
        raw = type_coerce(column, self.impl_instance)
        is_right = func.typeof(raw).in_(self.sqlite) & self.fitting(raw)
        return not_(or_(is_right, column.is_(None)) if column.nullable else is_right)


class Words(Checked):
    """Text."""

    cache_ok = True
    impl, kind = Text, "text"
    python, sqlite = frozenset({str}), ("text",)


class State(Words):
    """One word of a few."""

    cache_ok = True
    kind = "known word"

    def __init__(self, words: object) -> None:
        super().__init__()
        self.words = get_args(words)

    def fits(self, value: object) -> bool:
        """Return whether it is one of them."""
        return value in self.words

    def fitting(self, raw: ColumnElement[Any]) -> ColumnElement[bool]:
        """Return whether it is one of them."""
        return raw.in_(self.words)


class Whole(Checked):
    """A whole number."""

    cache_ok = True
    impl, kind = Integer, "whole number"
    python, sqlite = frozenset({int}), ("integer",)

    def fitting(self, raw: ColumnElement[Any]) -> ColumnElement[bool]:
        """Return whether it counts something; what is below 0 is seen where work fails by it."""
        return raw >= 0


class Large(Checked):
    """One that need not fit into 32 bits, such as bytes; SQLite has no other integers."""

    cache_ok = True
    impl, kind = BigInteger().with_variant(Integer, "sqlite"), Whole.kind
    python, sqlite = Whole.python, Whole.sqlite


class Number(Checked):
    """A number."""

    cache_ok = True
    impl, kind = Float, "number"
    python, sqlite = frozenset({float, int}), ("real", "integer")


class Moment(Number):
    """Seconds since the epoch, before the year 9999."""

    cache_ok = True
    kind = "moment"

    def fits(self, value: object) -> bool:
        """Return whether it is on a calendar."""
        return 0 <= cast(float, value) < _LAST_MOMENT

    def fitting(self, raw: ColumnElement[Any]) -> ColumnElement[bool]:
        """Return whether it is on a calendar."""
        return raw.between(0, _LAST_MOMENT)
