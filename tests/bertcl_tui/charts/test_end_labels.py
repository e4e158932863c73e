import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertcl_tui.charts.end_labels import spread


def test_labels_that_do_not_collide_stay() -> None:
    assert spread([7, 0, 3], 10) == [7, 0, 3]


def test_labels_that_collide_move_evenly() -> None:
    assert spread([5, 5, 5], 10) == [4, 5, 6]


def test_labels_do_not_leave() -> None:
    assert spread([0, 0, 9, 9], 10) == [0, 1, 8, 9]


def test_a_pushed_label_pushes_the_next() -> None:
    assert spread([3, 3, 4, 9], 10) == [2, 3, 4, 9]


def test_labels_may_fill_all_rows() -> None:
    assert spread([2, 2, 2], 3) == [0, 1, 2]


def test_too_many_labels_are_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        spread([1, 2, 3], 2)


@given(data=st.data())
def test_each_label_has_a_row_of_its_own_in_the_order_wanted(data: st.DataObject) -> None:
    rows = data.draw(st.integers(1, 30))
    wanted = data.draw(st.lists(st.floats(0, rows - 1), max_size=rows))
    placed = spread(wanted, rows)
    assert len(set(placed)) == len(placed)
    assert all(0 <= row < rows for row in placed)
    order = sorted(range(len(wanted)), key=wanted.__getitem__)
    assert [placed[label] for label in order] == sorted(placed)
