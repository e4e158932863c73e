import math
from itertools import pairwise

import pytest

from engine.profiles.grouping import Grouping, llrd_rates, make_grouping


def test_rates_decay_by_layer_and_a_choice_takes_the_geometric_mean() -> None:
    grouping = Grouping("custom", ((1,), (2, 3), (4,)))
    assert llrd_rates(1e-4, 0.5, grouping) == pytest.approx(
        (1e-4 / 16, 1e-4 / 8, math.sqrt(1e-4 / 4 * 1e-4 / 2), 1e-4, 1e-4)
    )


def test_no_decay_is_flat() -> None:
    grouping = make_grouping("paper", 12)
    assert llrd_rates(2e-5, 1.0, grouping) == (2e-5,) * grouping.n_choices


def test_rates_never_rise_towards_the_embeddings() -> None:
    for layers in (2, 6, 12, 24):
        rates = llrd_rates(5e-5, 0.8, make_grouping("paper", layers))
        assert all(lower <= upper for lower, upper in pairwise(rates))
