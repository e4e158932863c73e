"""From labels as they are spelled to indices of classes."""

from collections.abc import Sequence

from engine.errors import UsageError
from engine.tasks.rows import RawTask, Rows

_PLAUSIBLE = 20


def class_names(raw: RawTask, asked: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the names of a task's classes, in the order of their indices.

    They are those asked for, or those its source knows, or else the labels of its training rows,
    sorted (as numbers where all are).

    Raises:
        UsageError: the label column is no label, or holds one class.
    """
    names = tuple(asked) or raw.train.names or _sorted(set(raw.train.labels))
    if len(names) > max(_PLAUSIBLE, len(raw.train.labels) // 2):
        raise UsageError(
            f"{raw.train.where} has {len(names)} different labels in {len(raw.train.labels)} rows; "
            "name the column that holds classes"
        )
    return names


def class_indices(rows: Rows, names: Sequence[str]) -> list[int]:
    """Return the class of each row: the place of its label among the names, or the label itself.

    Raises:
        UsageError: a label is neither a name nor an index.
    """
    found = set(rows.labels)
    indices = {name: index for index, name in enumerate(names)}
    if not found <= indices.keys():
        indices = {str(index): index for index in range(len(names))}
    strange = sorted(found - indices.keys())
    if strange:
        raise UsageError(
            f"{rows.where} has label '{strange[0]}'; the classes are {', '.join(names)}"
        )
    return [indices[label] for label in rows.labels]


def _sorted(labels: set[str]) -> tuple[str, ...]:
    numbers = all(label.removeprefix("-").isdecimal() for label in labels)
    return tuple(sorted(labels, key=int if numbers else None))
