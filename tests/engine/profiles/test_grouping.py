import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import UsageError
from engine.profiles.grouping import Grouping, make_grouping
from engine.profiles.profile import llrd_rates


def test_paper_groups_twelve_layers_as_its_text_says() -> None:
    assert make_grouping("paper", 12).layers == (
        (1,), (2, 3), (4,), (5, 6), (7,), (8, 9), (10,), (11, 12),
    )  # fmt: skip


def test_original_code_groups_twelve_layers_the_other_way_round() -> None:
    assert make_grouping("original-code", 12).layers == (
        (1, 2), (3,), (4, 5), (6,), (7, 8), (9,), (10, 11), (12,),
    )  # fmt: skip


@given(preset=st.sampled_from(["paper", "original-code"]), n_layers=st.integers(1, 100))
def test_presets_hold_every_layer_once_in_at_most_eight_even_choices(
    preset: str, n_layers: int
) -> None:
    grouping = make_grouping(preset, n_layers)
    sizes = [len(layers) for layers in grouping.layers]
    assert [layer for layers in grouping.layers for layer in layers] == list(range(1, n_layers + 1))
    assert len(sizes) == min(8, n_layers)
    assert max(sizes) - min(sizes) <= 1


@given(n_layers=st.integers(1, 100))
def test_the_two_presets_are_mirror_images(n_layers: int) -> None:
    paper = [len(layers) for layers in make_grouping("paper", n_layers).layers]
    code = [len(layers) for layers in make_grouping("original-code", n_layers).layers]
    assert paper == code[::-1]


def test_labels_name_embeddings_layers_and_heads() -> None:
    assert Grouping("custom", ((1,), (2, 3), (4, 5, 6))).labels() == (
        "embeddings",
        "layer 1",
        "layers 2–3",
        "layers 4–6",
        "heads",
    )


def test_a_layer_knows_its_choice() -> None:
    grouping = make_grouping("paper", 12)
    assert [grouping.choice_of_layer(layer) for layer in range(1, 13)] == [
        1, 2, 2, 3, 4, 4, 5, 6, 6, 7, 8, 8,
    ]  # fmt: skip
    assert grouping.n_layers == 12
    assert grouping.n_choices == 10
    with pytest.raises(UsageError, match="no layer 13 in this grouping; its layers are 1 to 12"):
        grouping.choice_of_layer(13)


@pytest.mark.parametrize(
    ("layers", "complaint"),
    [
        ((), "choice without layers"),
        (((1,), ()), "choice without layers"),
        (((1,), (3,)), "layer 3 where layer 2 belongs"),
        (((1, 2), (2,)), "layer 2 where layer 3 belongs"),
        (((2,), (1,)), "layer 2 where layer 1 belongs"),
        (((0, 1),), "layer 0 where layer 1 belongs"),
    ],
)
def test_custom_layers_come_once_and_in_order(
    layers: tuple[tuple[int, ...], ...], complaint: str
) -> None:
    with pytest.raises(UsageError, match=complaint):
        Grouping("custom", layers)


def test_a_presets_name_is_a_promise() -> None:
    with pytest.raises(UsageError, match="says 'paper' but lists other layers"):
        Grouping("paper", ((1, 2), (3,)))


def test_unknown_presets_and_empty_backbones_are_refused() -> None:
    with pytest.raises(UsageError, match="no grouping named 'papr'; use paper"):
        make_grouping("papr", 12)
    with pytest.raises(UsageError, match="0 layers cannot be grouped"):
        make_grouping("paper", 0)


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
