"""A trial has its colour for good, and no two have the same as long as there are enough."""

from hypothesis import given
from hypothesis import strategies as st

from bertcl_tui.charts.colours import slots_in_sight, slots_of_trials
from bertcl_tui.charts.style import SERIES_GLYPHS

SLOTS = len(SERIES_GLYPHS)
numbers = st.integers(0, 300)


@given(marked=st.sets(numbers, max_size=SLOTS))
def test_no_two_of_eight_have_the_same(marked: set[int]) -> None:
    slots = slots_of_trials(marked)
    assert slots.keys() == marked
    assert len(set(slots.values())) == len(marked)


@given(marked=st.sets(numbers, max_size=30), one_more=numbers)
def test_one_more_moves_nobody_that_has_the_colour_of_its_number(
    marked: set[int], one_more: int
) -> None:
    """But those of the same colour that came after it by number."""
    before, after = slots_of_trials(marked), slots_of_trials({*marked, one_more})
    for number, slot in before.items():
        if slot == number % SLOTS and (number < one_more or number % SLOTS != one_more % SLOTS):
            assert after[number] == slot


@given(marked=st.lists(numbers, min_size=SLOTS + 1, unique=True))
def test_of_many_eight_at_most_have_one_whatever_their_order(marked: list[int]) -> None:
    slots = slots_of_trials(marked)
    assert sorted(slots.values()) == list(range(SLOTS))
    assert slots == slots_of_trials(marked[::-1])


def test_where_two_want_the_same_the_lower_number_has_it() -> None:
    assert slots_of_trials({3, 11, 4}) == {3: 3, 4: 4, 11: 6}
    assert slots_of_trials({11, 4}) == {11: 3, 4: 4}


def test_those_beside_keep_theirs() -> None:
    assert slots_of_trials([3], {11: 3}) == {11: 3, 3: 4}


def test_the_one_that_is_looked_at_always_has_one() -> None:
    eight = slots_of_trials(range(SLOTS))
    assert slots_in_sight(eight, [], 2) == eight
    looked_at = slots_in_sight(eight, [], 12)
    assert looked_at[12] == 4
    assert 4 not in looked_at
    assert len(looked_at) == SLOTS


def test_what_runs_goes_without_rather_than_what_is_marked() -> None:
    seven = slots_of_trials(range(7))
    assert slots_in_sight(seven, [30], None)[30] == 7
    assert slots_in_sight(seven, [30], 12) == seven | {12: 7}
