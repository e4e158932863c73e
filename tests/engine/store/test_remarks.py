"""Marks and notes of trials."""

import pytest

from engine.errors import UsageError
from engine.store.connection import Store
from engine.store.remarks import MOST_OF_A_NOTE, change_marks, marks, set_note
from engine.store.schema import run
from tests.engine.store.conftest import new_study, new_trial


@pytest.fixture
def study(store: Store) -> int:
    """A study of three trials."""
    study_id = new_study(store, trials=3)
    for number in range(3):
        new_trial(store, study_id, number)
    return study_id


def noted(store: Store) -> dict[int, str | None]:
    with store.reading() as connection:
        rows = connection.execute(run.select().where(run.c.number.is_not(None)))
        return {row.number: row.note for row in rows}


def test_marks_come_and_go_without_a_look_at_the_others(store: Store, study: int) -> None:
    assert marks(store) == {}
    change_marks(store, study, on={0, 2})
    assert marks(store) == {study: {0, 2}}
    change_marks(store, study, on={1, 2}, off={0})
    assert marks(store) == {study: {1, 2}}
    change_marks(store, study, off={0, 1})
    assert marks(store) == {study: {2}}


def test_marks_are_of_one_study(store: Store, study: int) -> None:
    other = new_study(store, name="other", trials=1)
    new_trial(store, other, 0)
    change_marks(store, study, on={0})
    change_marks(store, other, on={0, 7})
    assert marks(store) == {study: {0}, other: {0}}


def test_a_note_is_one_line_and_an_empty_one_goes(store: Store, study: int) -> None:
    set_note(store, study, [0, 1], "  low layers\n hardly   move #keep ")
    assert noted(store) == {
        0: "low layers hardly move #keep",
        1: "low layers hardly move #keep",
        2: None,
    }
    set_note(store, study, [0], " ")
    assert noted(store)[0] is None


def test_a_note_that_is_too_long_is_not_written(store: Store, study: int) -> None:
    with pytest.raises(UsageError, match="at most 500 characters, and this has 501"):
        set_note(store, study, [0], "x" * (MOST_OF_A_NOTE + 1))
    assert set(noted(store).values()) == {None}
