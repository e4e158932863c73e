"""From labels as they are spelled to indices of classes."""

from collections.abc import Sequence

from msgspec import Struct

from engine.errors import UsageError
from engine.tasks.rows import RawTask

_PLAUSIBLE = 20


class Classes(Struct, frozen=True):
    """The classes of a task."""

    names: tuple[str, ...]
    """In the order of their indices."""
    indices: dict[str, int]
    """By label as it is spelled in the rows."""


def classes_of(raw: RawTask, asked: Sequence[str] = ()) -> Classes:
    """Tell which class each label of a task means.

    The names are those asked for, or those the source knows, or else the labels of the training
    rows, sorted (as numbers where all are). Where names are given, rows may hold their indices.

    Raises:
        UsageError: the label column holds no classes, or a label is none of them.
    """
    given = tuple(asked) or raw.train.names
    names = given or _sorted(set(raw.train.labels))
    if len(names) > max(_PLAUSIBLE, len(raw.train.labels) // 2):
        raise UsageError(
            f"{raw.train.where} has {len(names)} different labels in {len(raw.train.labels)} rows; "
            "name the column that holds classes"
        )
    splits = [rows for rows in (raw.train, raw.validation) if rows]
    found = {label for rows in splits for label in rows.labels}
    by_name = {name: index for index, name in enumerate(names)}
    by_index = {str(index): index for index in range(len(names))}
    are_indices = given and not found <= by_name.keys() and found <= by_index.keys()
    classes = Classes(names, by_index if are_indices else by_name)
    for rows in splits:
        for strange in sorted(set(rows.labels) - classes.indices.keys()):
            raise UsageError(
                f"{rows.where} has label '{strange}'; the classes are {', '.join(names)}"
            )
    return classes


def _sorted(labels: set[str]) -> tuple[str, ...]:
    numbers = all(label.removeprefix("-").isdecimal() for label in labels)
    return tuple(sorted(labels, key=int if numbers else None))
