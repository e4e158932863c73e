"""One description for each column: table, filter, order and files agree on it."""

import pytest

from bertcl_tui.store.trial_rows import TrialRow
from bertcl_tui.study.columns import (
    TRIAL_COLUMNS,
    TrialColumn,
    order_by,
    trial_columns,
    trial_fields,
)
from bertcl_tui.study.writing import FACTS, fact_names

CHOICES = 3


@pytest.mark.parametrize("column", TRIAL_COLUMNS, ids=lambda column: column.key)
def test_what_files_have_for_a_column_is_known_of_a_trial(column: TrialColumn) -> None:
    assert all(hasattr(TrialRow, fact) for fact in column.facts)
    assert set(column.facts) <= set(FACTS)
    if column.facts:
        assert fact_names([column.key], CHOICES) == column.facts[:1]


@pytest.mark.parametrize(
    "column", [column for column in TRIAL_COLUMNS if column.asked], ids=lambda column: column.key
)
def test_what_is_asked_for_by_name_sorts_as_the_table_does(column: TrialColumn) -> None:
    order = order_by(column.key, CHOICES)
    assert (order.field, order.descending) == (column.sorts, not column.rising)
    fields = trial_fields(CHOICES)
    assert (column.key in {*fields.numbers, *fields.words}) == (column.asked != "moment")


def test_columns_are_told_apart_where_the_arrow_of_the_order_takes_a_letter() -> None:
    cut = [column.label[: column.width - 1] for column in TRIAL_COLUMNS if column.sorts]
    assert len(set(cut)) == len(cut)


def test_the_same_columns_are_equal_so_that_a_table_is_not_laid_out_anew() -> None:
    assert trial_columns(("a", "b")) == trial_columns(("a", "b"))
    assert trial_columns(("a", "b")) != trial_columns(("a",))


def test_of_a_longer_sequence_backward_transfer_is_the_usual_measure() -> None:
    def usual(tasks: int) -> set[str]:
        return {column.key for column in trial_columns(("a", "b"), tasks=tasks) if column.usual}

    assert usual(2) - usual(3) == {"forgetting"}
    assert usual(3) - usual(2) == {"bwt"}
