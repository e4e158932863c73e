"""Rows as a source gives them, and which class each of their labels means."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from math import isfinite, isnan
from typing import Final
from unicodedata import category, normalize

from msgspec import Struct
from msgspec.structs import replace

from engine.errors import UsageError, shown

_MOST_NAMED = 8
_ROOM_FOR_NAME = 30
ONE_LABEL: Final = (
    "a row has one label here: keep one of them, or make a task of each that says yes or no"
)
"""The way out where rows have several."""
_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff"
_BETWEEN = re.compile(r"[;|,]")
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
            "" if _is_missing(value) else label_of(_label(value, columns.label, row, where))
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
            if name == columns.label:
                _refuse_several_columns(name, there, where)
            raise UsageError(f"{where} has no column '{shown(name)}'; it has {named(there)}")
        if there.count(name) > 1:
            raise UsageError(f"{where} has column '{shown(name)}' twice; rename one of them")


def _refuse_several_columns(label: str, there: Sequence[str], where: str) -> None:
    """Refuse a label that stands in several columns: it names them, or they begin with it."""
    listed = [part.strip() for part in _BETWEEN.split(label)]
    begun = [name for name in there if re.match(rf"{re.escape(label)}[\W_]", name)]
    several = listed if len(listed) > 1 and set(listed) <= set(there) else begun
    if len(several) > 1:
        raise UsageError(
            f"{where} has {len(several)} columns for '{shown(label)}': {named(several)}; "
            f"{ONE_LABEL}"
        )


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


def _label(value: object, column: str, row: int, where: str) -> str:
    if isinstance(value, list | tuple):
        raise UsageError(
            f"{where}, row {row}: column '{shown(column)}' holds a list of labels, "
            f"{shown(list(value), _ROOM_FOR_NAME)}; {ONE_LABEL}"
        )
    return _text(value, column, row, where)


def _text(value: object, column: str, row: int, where: str) -> str:
    if isinstance(value, str):
        return value
    place = f"{where}, row {row}: column '{shown(column)}'"
    if _is_missing(value):
        raise UsageError(f"{place} is empty; fill or drop the row")
    match value:
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


_PLAUSIBLE = 20
_FEWEST = 2
_MOST_NUMBERS = 12
_LONGEST_NUMBER = 100
_NO_LABEL = frozenset({"-1", "-", "?", "#n/a", "n/a", "na", "nan", "null"})
_INTEGER = re.compile(r"[+-]?\d+")
_DECIMAL = re.compile(r"[+-]?(\d+[.,]\d*|[.,]\d+|\d+(?=e))(e[+-]?\d+)?|[+-]?inf", re.IGNORECASE)


class Classes(Struct, frozen=True):
    """The classes of a task."""

    names: tuple[str, ...]
    """In the order of their indices."""
    indices: dict[str, int]
    """By label as it is spelled in the rows; rows with another one have no label."""


def classes_of(
    raw: RawTask, asked: Sequence[str] = (), unlabelled: Collection[str] = ()
) -> Classes:
    """Tell which class each label of a task means.

    The names are those asked for, or those the source knows, or else the labels of the training
    rows, sorted (as numbers where all are). Where names are given, rows may hold them in any case,
    or their indices, from 0 or from 1.

    Args:
        raw: the rows.
        asked: names of the classes; empty: whatever the rows hold.
        unlabelled: labels that say that a row has none.

    Raises:
        UsageError: the label column holds no classes; a row has no label, or one that is none of
            the classes; two labels are hardly told apart.
    """
    dropped = set(map(label_of, unlabelled))
    found = {label for rows in raw.splits() for label in rows.labels} - dropped
    if "" in found:
        _refuse_no_label("", raw)
    given = tuple(asked) or raw.train.names
    if not given:
        _refuse_doubtful(raw, found)
    names = given or _sorted(set(raw.train.labels) - dropped)
    rows = sum(label not in dropped for label in raw.train.labels)
    if len(names) > max(_PLAUSIBLE, rows // 2):
        raise UsageError(
            f"{raw.train.where} has {len(names)} different labels in {rows} rows; "
            "name the column that holds classes"
        )
    classes = Classes(names, _indices(names, found) if given else _by_name(names))
    for strange in sorted(found - classes.indices.keys()):
        _refuse_strange(strange, raw, names)
    return classes


def _by_name(names: Iterable[str]) -> dict[str, int]:
    return {label_of(name): index for index, name in enumerate(names)}


def _indices(names: Sequence[str], found: Collection[str]) -> dict[str, int]:
    """Find the spelling of given names that the rows keep to: names, or numbers."""
    by_name = _by_name(names)
    from_0 = {str(index): index for index in range(len(names))}
    from_1 = {str(index + 1): index for index in range(len(names))}
    for spelling in (by_name, from_0, from_1):
        if spelling.keys() >= set(found):
            return spelling
    if all(map(_INTEGER.fullmatch, found)) and by_name.keys().isdisjoint(found):
        return from_0
    by_folded: defaultdict[str, set[int]] = defaultdict(set)
    for name, index in by_name.items():
        by_folded[name.casefold()].add(index)
    alike = {label: by_folded.get(label.casefold(), set()) for label in found}
    return {label: min(like) for label, like in alike.items() if len(like) == 1} | by_name


def _refuse_doubtful(raw: RawTask, found: set[str]) -> None:
    """Refuse labels that nobody declared and that are hardly meant as they stand."""
    others = {label for label in found if label.casefold() not in _NO_LABEL}
    counts_below_0 = any(label.startswith("-") and label[1:].isdecimal() for label in others)
    if len(others) >= _FEWEST and not counts_below_0:
        for label in sorted(found - others):
            _refuse_no_label(label, raw)
    decimals = {label for label in found if _DECIMAL.fullmatch(label)}
    if decimals and all(map(_INTEGER.fullmatch, found - decimals)):
        raise UsageError(
            f"{_place_of(min(decimals), raw)}: {len(decimals)} of {len(found)} labels are numbers "
            "with decimals, and classes have no order; make whole numbers of them, or name each "
            f"as a class in a task file: labels = [{_in_order(found)}]"
        )
    _refuse_twins(raw, found)
    _refuse_several(raw, found)


def _in_order(numbers: Collection[str]) -> str:
    """Return numbers as a task file names them as classes, if there are few."""
    if len(numbers) > _MOST_NUMBERS:
        return "..."
    rising = sorted(numbers, key=lambda label: float(label.replace(",", ".")))
    return ", ".join(f'"{label}"' for label in rising)


def _refuse_twins(raw: RawTask, found: set[str]) -> None:
    learnt = Counter(raw.train.labels)
    alike: defaultdict[str, list[str]] = defaultdict(list)
    for label in sorted(found, key=lambda label: (-learnt[label], label)):
        alike[_as_it_is_read(label)].append(label)
    for usual, *others in alike.values():
        if others:
            names = ", ".join(f'"{twins[0]}"' for twins in alike.values())
            how = "case" if usual.casefold() == others[0].casefold() else "spelling"
            raise UsageError(
                f"{_place_of(others[0], raw)}, which differs from '{shown(usual)}' by {how} only; "
                f"spell them alike, or name the classes in a task file: labels = [{shown(names)}]"
            )


def _refuse_several(raw: RawTask, found: set[str]) -> None:
    """Refuse labels that are combinations: lists, or made of what other labels are or hold."""
    parts = {label: _parts(label) for label in sorted(found)}
    holders = Counter(part for each in parts.values() for part in each)
    for label, each in parts.items():
        is_list = label.startswith(("[", "{", "(")) and label.endswith(("]", "}", ")"))
        if len(each) > 1 and (is_list or all(holders[part] > 1 for part in each)):
            raise UsageError(
                f"{_place_of(label, raw)}, which looks like {len(each)} labels: {named(each)}; "
                f"{ONE_LABEL}; or, where it is one, name the classes in a task file: labels = [...]"
            )


def _parts(label: str) -> list[str]:
    """Return the labels that a label is made of, each once: itself, where it is one."""
    parts = (part.strip(" []{}()'\"") for part in _BETWEEN.split(label))
    return list(dict.fromkeys(part for part in parts if part))


def _as_it_is_read(label: str) -> str:
    """Return the one form of labels that a person takes for the same, such as 1, +1 and 01."""
    letters = normalize("NFKC", normalize("NFKC", label).casefold())
    seen = "".join(letter for letter in letters if category(letter) != "Cf")
    return str(int(seen)) if _INTEGER.fullmatch(seen) and len(seen) < _LONGEST_NUMBER else seen


def _refuse_no_label(label: str, raw: RawTask) -> None:
    """Refuse rows whose label says that they have none."""
    remedy = f'label such rows, or write unlabelled = ["{label}"] in a task file to leave them out'
    if label:
        remedy += ", or labels = [...] with it where it is a class"
    raise UsageError(f"{_place_of(label, raw)}{', which is no class' if label else ''}; {remedy}")


def _refuse_strange(label: str, raw: RawTask, names: Sequence[str]) -> None:
    if label.casefold() in _NO_LABEL:
        _refuse_no_label(label, raw)
    counting = "; as numbers they count from 0" if _INTEGER.fullmatch(label) else ""
    raise UsageError(f"{_place_of(label, raw)}; the classes are {named(names)}{counting}")


def _place_of(label: str, raw: RawTask) -> str:
    """Return the split that has a label first, and in which of its rows."""
    rows = next(rows for rows in raw.splits() if label in rows.labels)
    there = [row for row, other in enumerate(rows.labels) if other == label]
    what = f"label '{shown(label)}'" if label else "no label"
    return f"{rows.where} has {what} in {numbered(there)}"


def _sorted(labels: set[str]) -> tuple[str, ...]:
    numbers = all(
        label.removeprefix("-").isdecimal() and len(label) < _LONGEST_NUMBER for label in labels
    )
    return tuple(sorted(labels, key=int if numbers else None))
