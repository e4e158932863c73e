import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import UsageError
from engine.profiles import (
    Backbone,
    Grouping,
    make_grouping,
    published_profile,
    transfer,
    transfer_rates,
)
from tests.engine.profiles.samples import sample_profile

groupings = st.builds(
    make_grouping, st.sampled_from(["paper", "original-code"]), st.integers(1, 36)
)


def rates_for(grouping: Grouping, first: float, step: float) -> tuple[float, ...]:
    encoder = (first * step**choice for choice in range(grouping.n_choices - 2))
    return (1e-6, *encoder, 1e-3)


def test_halving_by_hand() -> None:
    # Four layers at depths 1/8, 3/8, 5/8, 7/8; two at 1/4 and 3/4, midway between pairs.
    rates = (1e-7, 1e-6, 1e-4, 1e-5, 1e-5, 1e-3)
    moved = transfer_rates(rates, make_grouping("paper", 4), make_grouping("paper", 2))
    assert moved == pytest.approx((1e-7, 1e-5, 1e-5, 1e-3))


def test_doubling_by_hand() -> None:
    # Two layers at 1/4 and 3/4; four at 1/8 (before the first), 3/8, 5/8 (a quarter of the way
    # from either) and 7/8.
    moved = transfer_rates(
        (1e-7, 1e-6, 1e-2, 1e-3), make_grouping("paper", 2), make_grouping("paper", 4)
    )
    assert moved == pytest.approx((1e-7, 1e-6, 1e-5, 1e-3, 1e-2, 1e-3))


def test_layers_of_one_choice_take_their_geometric_mean() -> None:
    moved = transfer_rates(
        (1e-7, 1e-6, 1e-4, 1e-3),
        Grouping("custom", ((1,), (2,))),
        Grouping("custom", ((1, 2),)),
    )
    assert moved == pytest.approx((1e-7, 1e-5, 1e-3))


@given(groupings, st.floats(1e-7, 1e-6), st.floats(0.8, 1.25))
def test_the_same_depth_changes_nothing(grouping: Grouping, first: float, step: float) -> None:
    rates = rates_for(grouping, first, step)
    assert transfer_rates(rates, grouping, grouping) == pytest.approx(rates)


@given(groupings, groupings)
def test_flat_stays_flat(source: Grouping, target: Grouping) -> None:
    moved = transfer_rates([3e-5] * source.n_choices, source, target)
    assert moved == pytest.approx([3e-5] * target.n_choices)


@given(groupings, groupings, st.floats(1.0, 1.5))
def test_rising_rates_stay_rising_and_between_their_ends(
    source: Grouping, target: Grouping, step: float
) -> None:
    rates = rates_for(source, 1e-6, step)
    moved = transfer_rates(rates, source, target)
    logs = [math.log(rate) for rate in moved[1:-1]]
    assert all(below <= above + 1e-9 for below, above in pairwise(logs))
    assert rates[1] * (1 - 1e-9) <= moved[1]
    assert moved[-2] <= rates[-2] * (1 + 1e-9)
    assert (moved[0], moved[-1]) == (rates[0], rates[-1])


def test_a_transferred_profile_says_where_it_comes_from() -> None:
    published = published_profile()
    small = transfer(published, Backbone("MiniLM-L6", layers=6, hidden=384))
    assert small.name == "bertcl-combined-6-layers"
    assert small.grouping == make_grouping("original-code", 6)
    assert small.backbone.name == "MiniLM-L6"
    assert small.searched_on == published.searched_on
    assert small.source == (
        "'bertcl-combined' (bert-base-uncased, 12 layers) transferred to 6 layers by relative "
        "depth."
    )
    assert (small.learning_rates[0], small.learning_rates[-1]) == (3.29537129e-06, 1.11884272e-05)


def test_a_custom_grouping_must_be_named_for_another_depth() -> None:
    profile = sample_profile()
    with pytest.raises(UsageError, match="custom grouping of 2 layers says nothing about 4"):
        transfer(profile, Backbone("tiny", layers=4))
    assert transfer(profile, Backbone("other", layers=2)).learning_rates == pytest.approx(
        profile.learning_rates
    )
    moved = transfer(profile, Backbone("tiny", layers=4), make_grouping("paper", 4))
    assert len(moved.learning_rates) == 6
