import math

import pytest

from engine.errors import UsageError
from engine.profiles import Backbone, Combination, Grouping, Profile, refuse_base
from tests.engine.profiles.samples import BACKBONE, GROUPING, RATES, sample_profile


def test_every_layer_has_the_rate_of_its_choice() -> None:
    profile = sample_profile((1e-6, 2e-6, 3e-6, 4e-6), Grouping("custom", ((1, 2), (3,))))
    choices = [profile.grouping.choice_of_layer(layer) for layer in (1, 2, 3)]
    assert [profile.learning_rates[choice] for choice in choices] == [2e-6, 2e-6, 3e-6]


@pytest.mark.parametrize("rate", [0.0, -1e-5, math.nan, math.inf, 1.5])
def test_a_rate_outside_0_to_1_is_refused_with_its_choice(rate: float) -> None:
    with pytest.raises(UsageError, match=f"'sample' has learning rate {rate} for layer 2; it must"):
        sample_profile((1e-6, 1e-6, rate, 1e-6))


def test_rates_and_choices_go_together() -> None:
    with pytest.raises(UsageError, match="'sample' has 3 learning rates for 4 choices"):
        sample_profile(RATES[:3])


def test_backbone_and_grouping_go_together() -> None:
    with pytest.raises(UsageError, match="a backbone of 6 layers but groups 2"):
        Profile(
            name="deep",
            backbone=Backbone("tiny", layers=6),
            grouping=GROUPING,
            learning_rates=RATES,
        )


def test_a_profile_has_a_name() -> None:
    with pytest.raises(UsageError, match="needs a name"):
        sample_profile(name=" ")


@pytest.mark.parametrize("base", [0.99, 0.0, -2.0, math.nan, math.inf])
def test_a_base_that_ranks_nothing_is_refused(base: float) -> None:
    with pytest.raises(UsageError, match=r"base b is .*; it must be a number of at least 1"):
        refuse_base(base)
    with pytest.raises(UsageError, match="base b"):
        Profile(
            name="combined",
            backbone=BACKBONE,
            grouping=GROUPING,
            learning_rates=RATES,
            combination=Combination(base=base, studies=()),
        )
