import pytest

from engine.profiles import combine, without_each_study
from tests.engine.profiles.samples import study, trial


def test_without_each_study_by_hand() -> None:
    combined = combine(
        [
            study(trial(0, 1.0, (1e-6, 1e-5, 1e-4, 1e-3)), name="a"),
            study(trial(0, 1.0, (1e-4, 1e-5, 1e-6, 1e-3)), name="b"),
        ]
    )
    assert combined.learning_rates == pytest.approx((1e-5, 1e-5, 1e-5, 1e-3))
    without_a, without_b = without_each_study(combined)
    assert (without_a.study, without_b.study) == ("a", "b")
    assert without_a.learning_rates == pytest.approx((1e-4, 1e-5, 1e-6, 1e-3))
    assert without_a.factors == pytest.approx((10.0, 1.0, 0.1, 1.0))
    assert without_b.factors == pytest.approx((0.1, 1.0, 10.0, 1.0))


def test_the_farthest_choice_goes_up_or_down() -> None:
    combined = combine(
        [
            study(trial(0, 1.0, (1e-5, 1e-5, 1e-4, 1e-3)), name="a"),
            study(trial(0, 1.0, (2e-5, 1e-5, 1e-6, 1e-3)), name="b"),
            study(trial(0, 1.0, (1e-5, 1e-5, 1e-4, 1e-3)), name="c"),
        ]
    )
    assert [without.farthest for without in without_each_study(combined)] == [2, 2, 2]


def test_one_study_cannot_be_left_out() -> None:
    assert without_each_study(combine([study(trial(0, 1.0))])) == ()
