"""Which class each label means; what is no class is refused, with the rows that hold it."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence

from msgspec import Struct

from engine.errors import UsageError, shown
from engine.tasks.rows import RawTask, label_of, named, numbered

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
            the classes; two labels differ by case only.
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


def _in_order(numbers: Collection[str]) -> str:
    """Return numbers as a task file names them as classes, if there are few."""
    if len(numbers) > _MOST_NUMBERS:
        return "..."
    rising = sorted(numbers, key=lambda label: float(label.replace(",", ".")))
    return ", ".join(f'"{label}"' for label in rising)


def _refuse_twins(raw: RawTask, found: set[str]) -> None:
    learnt = Counter(raw.train.labels)
    by_folded: defaultdict[str, list[str]] = defaultdict(list)
    for label in sorted(found, key=lambda label: (-learnt[label], label)):
        by_folded[label.casefold()].append(label)
    for usual, *others in by_folded.values():
        if others:
            names = ", ".join(f'"{twins[0]}"' for twins in by_folded.values())
            raise UsageError(
                f"{_place_of(others[0], raw)}, which differs from '{shown(usual)}' by case only; "
                f"spell them alike, or name the classes in a task file: labels = [{shown(names)}]"
            )


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
