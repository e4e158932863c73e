from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import UsageError
from engine.tasks.shift_sides import Cut, Sides, authors_sides, cut_at, median_cut, take_side
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


LENGTHS = st.lists(st.integers(0, 6), min_size=2, max_size=40)


def keys(count: int) -> list[bytes]:
    """Return as many keys, none twice, not in their order."""
    return [bytes([(7 * number + 3) % 251]) for number in range(count)]


def short_or_long(lengths: list[int], of: list[bytes] | None = None) -> list[int]:
    of = of or keys(len(lengths))
    return cut_at(np.array(lengths), of, median_cut(np.array(lengths), of)).tolist()


def test_the_longer_half_is_long() -> None:
    assert short_or_long([5, 1, 9, 3, 7, 2]) == [1, 0, 1, 0, 1, 0]


def test_the_odd_row_is_short() -> None:
    assert short_or_long([5, 1, 9]) == [0, 0, 1]


@given(LENGTHS)
def test_halves_differ_by_one_row_however_many_lengths_are_equal(lengths: list[int]) -> None:
    found = short_or_long(lengths)
    assert found.count(0) - found.count(1) in {0, 1}
    short = [length for length, side in zip(lengths, found, strict=True) if side == 0]
    long = [length for length, side in zip(lengths, found, strict=True) if side == 1]
    assert max(short) <= min(long)


@given(LENGTHS, st.randoms(use_true_random=False))
def test_ties_are_broken_alike_in_whatever_order_the_rows_come(
    lengths: list[int], random: Random
) -> None:
    order = list(range(len(lengths)))
    random.shuffle(order)
    of = keys(len(lengths))
    found = short_or_long(lengths, of)
    assert short_or_long([lengths[row] for row in order], [of[row] for row in order]) == [
        found[row] for row in order
    ]


def test_equal_lengths_go_by_the_hash_of_their_text() -> None:
    assert short_or_long([4, 4, 4, 4], [b"d", b"a", b"c", b"b"]) == [1, 0, 1, 0]


def test_a_cut_is_applied_to_rows_that_were_not_cut() -> None:
    lengths = np.array([3, 4, 4, 5])
    assert cut_at(lengths, [b"z", b"a", b"c", b"d"], Cut(4.0, b"b")).tolist() == [0, 0, 1, 1]


def test_rows_of_one_group_stay_together_where_their_mean_is() -> None:
    passages = [b"p", b"p", b"q", b"q", b"r", b"r"]
    assert short_or_long([1, 9, 2, 2, 6, 6], passages) == [0, 0, 0, 0, 1, 1]  # means 5, 2, 6


def test_a_group_of_most_rows_leaves_the_rest_to_the_other_part() -> None:
    assert short_or_long([1, 1, 1, 1, 8], [b"p"] * 4 + [b"q"]) == [0, 0, 0, 0, 1]
    assert short_or_long([8, 8, 8, 8, 1], [b"p"] * 4 + [b"q"]) == [1, 1, 1, 1, 0]


def test_the_authors_take_an_argsort_for_ranks() -> None:
    # by length the rows come 3, 0, 2, 1: row 0 gets "rank" 3, though it is the second shortest
    found = authors_sides(np.array([20, 40, 30, 10]), pairs=False)
    assert found.tolist() == [1, 0, 1, 0]


@pytest.mark.parametrize("lengths", [[9, 1, 5, 3], [1, 1, 1, 1]])
def test_the_authors_cut_pairs_where_half_of_the_rows_have_come(lengths: list[int]) -> None:
    assert authors_sides(np.array(lengths), pairs=True).tolist() == [0, 0, 1, 1]
