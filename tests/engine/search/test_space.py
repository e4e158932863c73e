import pytest

from engine.errors import UsageError
from engine.search.space import Space, make_space
from engine.spec import SearchSettings


@pytest.mark.parametrize(("hidden_size", "highest"), [(512, 1e-4), (768, 1e-4), (384, 1e-3)])
def test_small_backbones_get_higher_body_rates(hidden_size: int, highest: float) -> None:
    space = make_space(SearchSettings(), n_choices=4, hidden_size=hidden_size)
    assert space.bounds == ((1e-7, highest),) * 3 + ((1e-7, 1e-3),)


def test_bounds_that_were_named_hold_for_every_backbone() -> None:
    settings = SearchSettings(body_bounds=(1e-6, 1e-5), head_bounds=(1e-4, 1e-2))
    for hidden_size in (128, 1024):
        space = make_space(settings, n_choices=3, hidden_size=hidden_size)
        assert space.bounds == ((1e-6, 1e-5), (1e-6, 1e-5), (1e-4, 1e-2))


def test_choices_are_named_as_filters_write_them_and_drawn_log_uniformly() -> None:
    distributions = Space(((1e-7, 1e-4), (1e-6, 1e-3))).distributions()
    assert {
        name: (each.low, each.high, each.log)  # type: ignore[attr-defined]
        for name, each in distributions.items()
    } == {"lr0": (1e-7, 1e-4, True), "lr1": (1e-6, 1e-3, True)}


def test_clipping_moves_only_what_lies_outside() -> None:
    space = Space(((1e-6, 1e-4),) * 3)
    assert space.clip((1e-9, 3e-5, 1.0)) == (1e-6, 3e-5, 1e-4)


def test_rates_and_parameters_are_each_others_inverse() -> None:
    space = Space(((1e-7, 1e-4),) * 11)
    rates = tuple(1e-6 * (choice + 1) for choice in range(11))
    backwards = dict(reversed(space.parameters(rates).items()))
    assert space.rates(backwards) == rates


def test_parameters_of_some_choices_alone_are_no_rates() -> None:
    assert Space(((1e-7, 1e-4),) * 2).rates({"lr1": 1e-5}) is None


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
        make_space(settings, n_choices=3, hidden_size=768)
