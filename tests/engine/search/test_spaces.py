import pytest

from engine.errors import UsageError
from engine.profiles.grouping import Grouping, make_grouping
from engine.profiles.profile import llrd_rates
from engine.search.spaces import FlatSpace, LlrdSpace, ProfileSpace, Space, make_space
from engine.spec import SearchSettings
from engine.spec.run import SearchedMethod

TWO = make_grouping("paper", 2)
TWELVE = make_grouping("paper", 12)


@pytest.mark.parametrize(("hidden_size", "highest"), [(512, 1e-4), (768, 1e-4), (384, 1e-3)])
def test_small_backbones_get_higher_body_rates(hidden_size: int, highest: float) -> None:
    settings = SearchSettings()
    profile = make_space("profile", settings, TWO, hidden_size)
    assert profile == ProfileSpace(((1e-7, highest),) * 3 + ((1e-7, 1e-3),))
    assert make_space("flat", settings, TWO, hidden_size) == FlatSpace((1e-7, highest), 4)
    assert make_space("llrd", settings, TWO, hidden_size) == LlrdSpace((1e-7, highest), TWO)


def test_bounds_that_were_named_hold_for_every_backbone() -> None:
    settings = SearchSettings(body_bounds=(1e-6, 1e-5), head_bounds=(1e-4, 1e-2))
    for hidden_size in (128, 1024):
        profile = make_space("profile", settings, TWO, hidden_size)
        assert profile == ProfileSpace(((1e-6, 1e-5),) * 3 + ((1e-4, 1e-2),))
        (lr,) = make_space("flat", settings, TWO, hidden_size).dimensions
        assert (lr.low, lr.high) == (1e-6, 1e-5)


def test_choices_are_named_as_filters_write_them() -> None:
    assert ProfileSpace(((1e-7, 1e-4),) * 3).names() == ("lr0", "lr1", "lr2")


def test_a_profile_is_a_point_and_needs_no_options() -> None:
    space = ProfileSpace(((1e-7, 1e-4),) * 2)
    assert space.rates((1e-5, 2e-5)) == (1e-5, 2e-5)
    assert space.options((1e-5, 2e-5)) == {}
    assert space.locate((1e-5,)) is None


def test_one_rate_is_every_choices() -> None:
    space = FlatSpace((1e-7, 1e-4), 4)
    assert space.rates((2e-5,)) == (2e-5,) * 4
    assert space.options((2e-5,)) == {"lr": 2e-5}
    assert space.locate((2e-5, 2e-5, 2e-5, 3e-5)) is None
    assert space.locate((2e-5,) * 3) is None


def test_a_rate_and_its_decay_are_those_of_llrd() -> None:
    space = LlrdSpace((1e-7, 1e-4), TWELVE)
    assert space.rates((5e-5, 0.9)) == llrd_rates(5e-5, 0.9, TWELVE)
    assert space.options((5e-5, 0.9)) == {"lr": 5e-5, "decay": 0.9}
    assert space.locate(llrd_rates(5e-5, 0.9, TWELVE)) == (5e-5, 0.9)
    assert space.locate((2e-5,) * 10) == (2e-5, 1.0)
    assert space.locate((1e-5,) * 9 + (2e-5,)) is None
    assert space.locate((1e-5,) * 4) is None


def test_a_decay_is_drawn_uniformly() -> None:
    lr, decay = LlrdSpace((1e-7, 1e-4), Grouping("custom", ((1,), (2, 3)))).dimensions
    assert (lr.log, decay.log, decay.low, decay.high) == (True, False, 0.5, 1.0)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (SearchSettings(body_bounds=(1e-3, 1e-7)), "body bounds 0.001..1e-07 are the wrong way"),
        (SearchSettings(head_bounds=(0.0, 1e-3)), "head bound 0 is no learning rate"),
        (SearchSettings(body_bounds=(1e-7, float("nan"))), "body bound nan is no learning rate"),
        (SearchSettings(body_bounds=(1e-7, 2.0)), "body bound 2 is no learning rate"),
    ],
)
def test_bounds_that_cannot_be_searched_are_refused(settings: SearchSettings, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        make_space("profile", settings, TWO, hidden_size=768)


@pytest.mark.parametrize("method", ["flat", "llrd"])
def test_bounds_of_heads_mean_nothing_where_they_are_tied(method: SearchedMethod) -> None:
    make_space(method, SearchSettings(head_bounds=(0.0, 1e-3)), TWO, hidden_size=768)
    with pytest.raises(UsageError, match="body bound"):
        make_space(method, SearchSettings(body_bounds=(0.0, 1e-3)), TWO, hidden_size=768)


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
