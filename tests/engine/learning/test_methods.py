import pytest

from engine.errors import UsageError
from engine.learning.methods import make_method
from engine.profiles.grouping import make_grouping
from engine.spec import RunSpec

GROUPING = make_grouping("paper", 2)


def _spec(method: str, **others: object) -> RunSpec:
    return RunSpec(
        sequence=("mood", "topic"), data="sample", model="sample", method=method, **others
    )


def test_flat_is_one_rate_for_all() -> None:
    method = make_method(_spec("flat", options={"lr": 2e-5}))
    assert method.learning_rates(GROUPING) == (2e-5,) * 4


def test_profile_is_a_rate_for_each() -> None:
    rates = (1e-6, 2e-6, 3e-6, 4e-5)
    assert make_method(_spec("profile", learning_rates=rates)).learning_rates(GROUPING) == rates


def test_unknown_method() -> None:
    with pytest.raises(UsageError, match="no method named 'sgd'; use one of flat, profile"):
        make_method(_spec("sgd"))


@pytest.mark.parametrize("lr", [0, -1e-5, 1.5, float("nan"), float("inf"), "fast"])
def test_flat_needs_a_usable_rate(lr: object) -> None:
    with pytest.raises(UsageError, match=f"above 0 and at most 1, not {lr}; use --lr"):
        make_method(_spec("flat", options={"lr": lr}))


def test_profile_needs_a_profile() -> None:
    with pytest.raises(UsageError, match="needs a profile; use --profile FILE"):
        make_method(_spec("profile"))


@pytest.mark.parametrize(
    ("rates", "fault"),
    [
        ((1e-5,) * 10, "fit 2 layers: 10 learning rates for 4 choices"),
        ((1e-5, 0.0, 1e-5, 1e-5), "0.0 for layer 1"),
        ((1e-5, 1e-5, 1e-5, float("nan")), "nan for heads"),
    ],
)
def test_profile_must_fit(rates: tuple[float, ...], fault: str) -> None:
    with pytest.raises(UsageError, match=fault):
        make_method(_spec("profile", learning_rates=rates)).learning_rates(GROUPING)
