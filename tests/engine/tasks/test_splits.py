from collections import Counter

import pytest

from engine.errors import UsageError
from engine.spec import Protocol
from engine.tasks.splits import (
    class_quotas,
    example_keys,
    held_out_rows,
    hold_out,
    split_rows,
    stratified,
)
from engine.tasks.task import Examples, TaskData


def examples(count: int, start: int = 0, *, every: int = 3) -> Examples:
    """Return single sentences, of which one in ``every`` is of class 1."""
    numbers = range(start, start + count)
    return Examples([f"Text {n}" for n in numbers], None, [int(n % every == 0) for n in numbers])


def task(train: Examples, validation: Examples, *, group_by_passage: bool = False) -> TaskData:
    return TaskData(
        name="own",
        labels=("a", "b"),
        epochs=1,
        train=train,
        validation=validation,
        group_by_passage=group_by_passage,
        fingerprint="",
    )


@pytest.mark.parametrize(
    ("rows", "held"), [(20_000, 1000), (5000, 500), (1000, 100), (600, 100), (400, 100), (64, 16)]
)
def test_a_tenth_is_held_out_within_limits(rows: int, held: int) -> None:
    assert held_out_rows(rows) == held


@pytest.mark.parametrize(
    ("counts", "rows", "quotas"),
    [
        ({0: 50, 1: 50}, 10, {0: 5, 1: 5}),
        ({0: 2, 1: 1}, 2, {0: 1, 1: 1}),
        ({0: 700, 1: 200, 2: 100}, 15, {0: 11, 1: 3, 2: 1}),  # shares 10.5, 3, 1.5: a tie
        ({0: 99, 1: 1}, 10, {0: 9, 1: 1}),  # one at least
        ({0: 99, 1: 0}, 10, {0: 10, 1: 0}),
        ({0: 5, 1: 5, 2: 5}, 2, {0: 1, 1: 1, 2: 0}),
        ({0: 3, 1: 3}, 6, {0: 3, 1: 3}),
    ],
)
def test_rows_are_shared_as_classes_are(
    counts: dict[int, int], rows: int, quotas: dict[int, int]
) -> None:
    assert dict(class_quotas(Counter(counts), rows)) == quotas


def test_a_smaller_draw_is_part_of_a_larger_one_and_keeps_the_order_of_the_rows() -> None:
    rows = examples(300)
    small, large = stratified(rows, 30), stratified(rows, 90)
    assert Counter(small.labels) == {0: 20, 1: 10}
    assert set(small.sentence1) <= set(large.sentence1)
    numbers = [int(text.split()[1]) for text in large.sentence1]
    assert numbers == sorted(numbers)
    assert stratified(rows, None) is rows


def test_a_text_that_comes_again_is_not_on_both_sides() -> None:
    once = examples(100)
    again = Examples(
        [*once.sentence1, *(text.upper() + " " for text in once.sentence1)], None, once.labels * 2
    )
    rest, held = hold_out(again, 21)
    assert len(held) == 21
    assert not set(example_keys(rest)) & set(example_keys(held))


def test_the_default_protocol_scores_on_rows_held_out_of_training() -> None:
    splits = split_rows(task(examples(2000), examples(900, 2000)), Protocol())
    assert len(splits.search) == 200
    assert len(splits.train) == 1800
    assert splits.validation == examples(900, 2000)
    assert set(splits.search.sentence1) <= set(examples(2000).sentence1)
    assert not set(splits.search.sentence1) & set(splits.train.sentence1)
    assert len(splits.retention) == 200
    assert Counter(splits.search.labels) == {0: 133, 1: 67}


def test_limits_of_rows() -> None:
    protocol = Protocol(train_rows=60, eval_rows=90, retention_rows=30)
    splits = split_rows(task(examples(2000), examples(900, 2000)), protocol)
    sizes = [len(rows) for rows in (splits.train, splits.search, splits.validation)]
    assert sizes == [60, 90, 90]
    assert len(splits.retention) == 30
    assert Counter(splits.train.labels) == {0: 40, 1: 20}
    assert Counter(splits.retention.labels) == {0: 20, 1: 10}
    assert set(splits.retention.sentence1) <= set(splits.search.sentence1)


def test_the_rows_that_score_are_the_same_however_many_are_learnt() -> None:
    data = task(examples(2000), examples(900, 2000))
    few, many = (split_rows(data, Protocol(train_rows=rows)) for rows in (100, 1000))
    assert few.search == many.search
    assert few.retention == many.retention
    assert set(few.train.sentence1) <= set(many.train.sentence1)


def test_the_papers_protocol_scores_on_the_validation_split() -> None:
    data = task(examples(2000), examples(900, 2000))
    splits = split_rows(data, Protocol(selection="validation", eval_rows=300))
    assert splits.search == splits.validation
    assert len(splits.search) == 300
    assert splits.train == data.train


@pytest.mark.parametrize("selection", ["held-out", "validation"])
def test_training_rows_that_are_also_validation_rows_are_left_out(selection: str) -> None:
    protocol = Protocol(selection="validation" if selection == "validation" else "held-out")
    splits = split_rows(task(examples(600), examples(100, 550)), protocol)
    learnt_or_searched = set(splits.train.sentence1)
    if selection == "held-out":
        learnt_or_searched |= set(splits.search.sentence1)
    assert not learnt_or_searched & set(examples(100, 550).sentence1)
    assert len(learnt_or_searched) == 550


def test_rows_of_one_passage_stay_on_one_side() -> None:
    def questions(passages: range) -> Examples:
        pairs = [(f"Question {n}", f"Passage {p}") for p in passages for n in range(10)]
        return Examples(
            [pair[0] for pair in pairs],
            [pair[1] for pair in pairs],
            [n % 2 for n in range(len(pairs))],
        )

    data = task(questions(range(100)), questions(range(98, 110)), group_by_passage=True)
    splits = split_rows(data, Protocol())
    passages = [set(rows.sentence2 or []) for rows in (splits.train, splits.search)]
    passages.append(set(data.validation.sentence2 or []))
    assert not passages[0] & passages[1]
    assert not (passages[0] | passages[1]) & passages[2]
    assert len(splits.search) == 100


def test_a_task_with_too_few_rows_is_refused() -> None:
    with pytest.raises(UsageError, match="task 'own' has too few training rows to hold some out"):
        split_rows(task(examples(3), examples(4, 100)), Protocol())
    with pytest.raises(UsageError, match="too few training rows"):
        split_rows(task(examples(20), examples(20)), Protocol(selection="validation"))


def test_fewer_training_rows_than_classes_are_refused() -> None:
    with pytest.raises(UsageError, match="1 training rows cannot show the 2 classes of task 'own'"):
        split_rows(task(examples(600), examples(100, 600)), Protocol(train_rows=1))
