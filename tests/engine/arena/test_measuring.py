import math

import pytest

from engine.arena.measuring import (
    MEASURES,
    half_width,
    holm,
    measure_of,
    paired_p_value,
    step_of,
)
from engine.errors import UsageError
from engine.learning.measures import Lost

THREE = {
    (0, 0): 0.90,
    (1, 0): 0.80,
    (1, 1): 0.70,
    (2, 0): 0.60,
    (2, 1): 0.74,
    (2, 2): 0.50,
}
JOINT = {(0, 0): 0.9, (0, 1): 0.7}
SINGLE = {(0, 0): 0.92, (1, 1): 0.75}


def shown(name: str, found: dict[tuple[int, int], float], tasks: int) -> list[float | None]:
    return [quantity.of(found, tasks, 0) for quantity in measure_of(name).quantities]


def test_three_tasks_by_hand() -> None:
    assert shown("p_o-p_s", THREE, 3) == pytest.approx([0.67, 0.50])
    assert shown("p", THREE, 3) == pytest.approx([1.17])
    assert shown("acc", THREE, 3) == pytest.approx([(0.60 + 0.74 + 0.50) / 3])
    assert shown("bwt", THREE, 3) == pytest.approx([((0.60 - 0.90) + (0.74 - 0.70)) / 2])
    assert shown("forgetting", THREE, 3) == pytest.approx([((0.90 - 0.60) + (0.70 - 0.74)) / 2])
    assert shown("before-after", THREE, 3) == [0.90, 0.60]


def test_tasks_learnt_at_once_or_alone_forget_nothing_that_could_be_told() -> None:
    for found in (JOINT, SINGLE):
        assert shown("bwt", found, 2) == [None]
        assert shown("forgetting", found, 2) == [None]
    assert shown("p_o-p_s", JOINT, 2) == [0.9, 0.7]
    assert shown("p_o-p_s", SINGLE, 2) == [0.92, 0.75]
    assert shown("before-after", JOINT, 2) == [0.9, None]


def test_what_probes_tell_is_the_mean_over_the_earlier_tasks() -> None:
    lost = [Lost(0, whole=0.3, encoder=0.1, again={}), Lost(1, whole=0.1, encoder=0.0, again={})]
    encoder, heads = MEASURES["lost"].quantities
    assert encoder.of_probes is not None
    assert heads.of_probes is not None
    assert encoder.of_probes(lost) == pytest.approx(0.05)
    assert heads.of_probes(lost) == pytest.approx(0.15)
    assert encoder.of_probes([]) is None


def test_a_run_that_is_not_over_has_no_numbers() -> None:
    for name in MEASURES:
        if name != "before-after":
            assert set(shown(name, {(0, 0): 0.9}, 2)) == {None}


def test_an_unknown_measure_is_refused() -> None:
    with pytest.raises(UsageError, match="no measure named 'f1'; use one of p_o-p_s, p, acc"):
        measure_of("f1")


def test_the_interval_of_five_seeds() -> None:
    values = [0.718, 0.721, 0.541, 0.700, 0.710]
    # mean 0.678, squared deviations 0.001600 + 0.001849 + 0.018769 + 0.000484 + 0.001024
    s = math.sqrt(0.023726 / 4)
    assert half_width(values) == pytest.approx(2.776445 * s / math.sqrt(5), rel=1e-6)


def test_one_seed_has_no_interval_and_equal_ones_none_to_speak_of() -> None:
    assert half_width([0.7]) is None
    assert half_width([]) is None
    assert half_width([0.5, 0.5, 0.5]) == 0


def test_pairs_are_compared_by_seed() -> None:
    one = {1: 0.80, 2: 0.70, 3: 0.90, 9: 0.1}
    other = {3: 0.84, 2: 0.68, 1: 0.76, 8: 0.9}
    # differences 0.04, 0.02, 0.06: mean 0.04, s = 0.02, t = 0.04 / (0.02 / sqrt 3) = sqrt 12;
    # with two degrees of freedom p = 1 - t / sqrt(t² + 2)
    expected = 1 - math.sqrt(12) / math.sqrt(14)
    assert paired_p_value(one, other) == pytest.approx(expected)
    assert paired_p_value(other, one) == pytest.approx(expected)


def test_two_pairs_are_too_few() -> None:
    assert paired_p_value({1: 0.8, 2: 0.7, 3: 0.9}, {1: 0.1, 2: 0.2, 4: 0.1}) is None


def test_differences_without_spread() -> None:
    same = {1: 0.5, 2: 0.25, 3: 0.75}
    assert paired_p_value(same, same) == 1
    for shift in (0.125, 0.1):  # the second one is not the same everywhere, by the last bit
        shifted = {seed: value + shift for seed, value in same.items()}
        assert paired_p_value(shifted, same) == 1


def test_below_what_one_row_makes_there_is_nothing_to_tell() -> None:
    other = dict.fromkeys(range(5), 0.5)
    hardly = {seed: 0.5 + right / 100 for seed, right in enumerate((1, 0, 1, 1, 1))}
    steady = {seed: 0.6 + right / 100 for seed, right in enumerate((1, 0, 1, 1, 1))}
    moving = {seed: 0.6 + right / 100 for seed, right in enumerate((2, 0, 4, 1, 3))}
    assert [paired_p_value(one, other, 1 / 100) for one in (hardly, steady)] == [1, 1]
    told = paired_p_value(moving, other, 1 / 100)
    assert told == paired_p_value(moving, other)
    assert told is not None
    assert told < 0.001


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("p_o-p_s", [1 / 400, 1 / 50]),
        ("p", [1 / 400]),
        ("acc", [1 / 600]),
        ("bwt", [1 / 400]),
        ("forgetting", [1 / 400]),
    ],
)
def test_what_one_row_makes_of_a_number(name: str, steps: list[float]) -> None:
    # p_o is the mean of two tasks, of 100 and 200 rows; p_s is of 50
    rows = {0: 100, 1: 200, 2: 50}
    found = [step_of(quantity, THREE, 3, 0, rows) for quantity in measure_of(name).quantities]
    assert found == pytest.approx(steps)
    assert step_of(measure_of(name).quantities[0], THREE, 3, 0, {}) == 0


def test_holm_multiplies_the_smallest_most_and_keeps_the_order() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.6]) == [1.0, 1.0]
    assert holm([]) == []
