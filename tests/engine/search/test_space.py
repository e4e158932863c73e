"""Points of spaces, whatever they stand for."""

import pytest

from engine.profiles.grouping import make_grouping
from engine.search.space import Space
from engine.search.spaces import FlatSpace, LlrdSpace, ProfileSpace

TWELVE = make_grouping("paper", 12)
SPACES = {
    "profile": (ProfileSpace(((1e-7, 1e-4), (1e-6, 1e-3))), (1e-6, 1e-5), (1e-9, 1.0)),
    "flat": (FlatSpace((1e-7, 1e-4), 10), (2e-5,), (1e-3,)),
    "llrd": (LlrdSpace((1e-7, 1e-4), TWELVE), (2e-5, 0.83), (1e-3, 1.2)),
}


@pytest.fixture(params=SPACES)
def case(request: pytest.FixtureRequest) -> tuple[Space, tuple[float, ...], tuple[float, ...]]:
    space: tuple[Space, tuple[float, ...], tuple[float, ...]] = SPACES[request.param]
    return space


def test_points_and_parameters_are_each_others_inverse(
    case: tuple[Space, tuple[float, ...], tuple[float, ...]],
) -> None:
    space, inside, _ = case
    backwards = dict(reversed(space.parameters(inside).items()))
    assert space.point(backwards) == inside
    assert space.point({}) is None


def test_clipping_moves_only_what_lies_outside(
    case: tuple[Space, tuple[float, ...], tuple[float, ...]],
) -> None:
    space, inside, outside = case
    assert space.clip(inside) == inside
    clipped = space.clip(outside)
    assert all(
        number in (dimension.low, dimension.high)
        for number, dimension in zip(clipped, space.dimensions, strict=True)
    )


def test_rates_are_found_again_at_their_point(
    case: tuple[Space, tuple[float, ...], tuple[float, ...]],
) -> None:
    for point in case[1:]:
        assert case[0].locate(case[0].rates(point)) == pytest.approx(point, rel=1e-11)


def test_optuna_is_told_the_bounds_and_how_to_draw(
    case: tuple[Space, tuple[float, ...], tuple[float, ...]],
) -> None:
    distributions = case[0].distributions()
    assert [
        (name, each.low, each.high, each.log)  # type: ignore[attr-defined]
        for name, each in distributions.items()
    ] == [(each.name, each.low, each.high, each.log) for each in case[0].dimensions]
