import numpy as np
import pytest

from engine.errors import UsageError
from engine.tasks.shifts.sides import Sides, take_side
from engine.tasks.subsets import find_subset
from engine.tasks.task import Examples, TaskData, rows_fingerprint

TRAIN = Examples([f"train {n}" for n in range(6)], None, [0, 1, 0, 1, 0, 1])
VALIDATION = Examples([f"validation {n}" for n in range(4)], None, [0, 1, 0, 1])
TASK = TaskData(
    name="own",
    labels=("no", "yes"),
    epochs=4,
    train=TRAIN,
    validation=VALIDATION,
    group_by_passage=False,
    fingerprint=rows_fingerprint(TRAIN, VALIDATION),
)


def sides(train: list[int], validation: list[int]) -> Sides:
    return Sides(train=np.array(train, np.int8), validation=np.array(validation, np.int8))


def test_the_parts_are_tasks_of_their_own() -> None:
    both = sides([0, 0, 1, 1, 0, 1], [1, 1, 0, 0])
    short, long = (take_side(TASK, find_subset(name, "own"), both) for name in ("short", "long"))
    assert (short.name, long.name) == ("own/short", "own/long")
    assert (short.epochs, short.labels) == (4, ("no", "yes"))
    assert short.train.sentence1 == ["train 0", "train 1", "train 4"]
    assert long.validation.sentence1 == ["validation 0", "validation 1"]
    assert len({TASK.fingerprint, short.fingerprint, long.fingerprint}) == 3


def test_rows_that_were_not_looked_at_are_in_no_part() -> None:
    both = sides([0, 0, 1, 1, -1, -1], [0, 0, 1, 1])
    short, long = (take_side(TASK, find_subset(name, "own"), both) for name in ("short", "long"))
    assert (len(short.train), len(long.train)) == (2, 2)


@pytest.mark.parametrize(
    ("both", "message"),
    [
        (sides([0, 1, 0, 1, 0, 1], [0, 0, 1, 1]), "own/long has no training row of class 'no'"),
        (sides([1, 1, 1, 1, 0, 0], [0, 0, 0, 1]), "own/long has no validation row of class 'no'"),
    ],
)
def test_a_part_without_one_of_the_classes_is_refused(both: Sides, message: str) -> None:
    with pytest.raises(UsageError, match=message) as raised:
        take_side(TASK, find_subset("long", "own"), both)
    assert "use the other shift, or a task with more rows" in str(raised.value)
