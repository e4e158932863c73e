"""What sequences say of a method, against SciPy, rliable, deepsig and hand-made numbers."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from scipy import stats

from bench.chance import Luck, wrong_calls
from engine.arena.inference import (
    chances,
    found_on,
    partial_conjunction,
    sign_flip_p_value,
    two_level_interval,
    two_level_means,
)

GAINS = (0.012, -0.003, 0.021, 0.008, 0.017, -0.006, 0.010)
BY_SEED = (
    (0.010, 0.014, 0.020, -0.002),
    (-0.004, 0.001, 0.003, -0.012),
    (0.030, 0.018, 0.011, 0.024),
    (0.004, 0.009, 0.013, 0.006),
    (0.022, 0.012, 0.019, 0.015),
)


def test_signs_by_hand() -> None:
    # all of one sign: two of 2⁴ ways are as far from 0
    assert sign_flip_p_value([0.01, 0.02, 0.03, 0.04]) == 2 / 16
    # sums ±4, ±2, ±2, 0: as far as 2 are six of eight
    assert sign_flip_p_value([0.01, 0.02, -0.01]) == pytest.approx(6 / 8)
    assert sign_flip_p_value([0.0, 0.0, 0.0]) == 1


def test_five_sequences_are_too_few_for_a_star_and_two_for_a_test() -> None:
    assert sign_flip_p_value([0.1] * 5) == 2 / 32
    assert sign_flip_p_value([0.1] * 6) == 2 / 64
    assert sign_flip_p_value([0.1, 0.2]) is None


@pytest.mark.parametrize("gains", [GAINS, (0.004, 0.001, -0.02, 0.003, 0.006)])
def test_signs_as_scipy_flips_them(gains: Sequence[float]) -> None:
    ours = sign_flip_p_value(gains)
    scipys = stats.permutation_test(
        (np.array(gains),), np.mean, permutation_type="samples", n_resamples=np.inf
    )
    assert ours == pytest.approx(scipys.pvalue)


def test_signs_as_deepsig_flips_them() -> None:
    from deepsig import permutation_test

    theirs = permutation_test(np.array(GAINS), np.zeros(len(GAINS)), num_samples=4000, seed=1)
    ours = sign_flip_p_value(GAINS)
    assert ours is not None
    assert ours / 2 == pytest.approx(theirs, abs=0.02)  # theirs is one-sided, and drawn


def test_of_many_sequences_random_ways_stand_for_all() -> None:
    many = [gain + 0.001 * place for place, gain in enumerate(GAINS * 3)]
    drawn = stats.permutation_test(
        (np.array(many),), np.mean, permutation_type="samples", n_resamples=20_000, rng=1
    )
    assert sign_flip_p_value(many) == pytest.approx(drawn.pvalue, abs=0.005)


def test_two_levels_as_rliable_draws_them() -> None:
    """Its numbers are written down: with pandas 3, which we have, what it needs cannot be imported.

    ``StratifiedBootstrap(BY_SEED.T, task_bootstrap=True).apply(np.mean, reps=60_000)`` of rliable
    1.2.0, with arch 7.2.0 and pandas 2.
    """
    ours = two_level_means(BY_SEED)
    assert ours.mean() == pytest.approx(0.010646, abs=2e-4)
    assert ours.std() == pytest.approx(0.003885, rel=0.03)
    assert np.quantile(ours, (0.025, 0.975)) == pytest.approx((0.00270, 0.01785), abs=3e-4)


def test_with_one_seed_there_is_one_level_as_scipy_has_it() -> None:
    ours = two_level_means([[gain] for gain in GAINS])
    scipys = stats.bootstrap((np.array(GAINS),), np.mean, n_resamples=9999, rng=2)
    assert ours.std(ddof=1) == pytest.approx(scipys.standard_error, rel=0.05)
    low, high = two_level_interval([[gain] for gain in GAINS]) or (0, 0)
    # then it is Student's interval, but for what is drawn
    error = stats.sem(GAINS)
    assert (low, high) == pytest.approx(
        stats.t.interval(0.95, len(GAINS) - 1, np.mean(GAINS), error), abs=4e-4
    )


def test_sequences_of_more_and_of_fewer_seeds_count_the_same() -> None:
    ragged = [[0.1], [0.0, 0.0, 0.0], [0.2, 0.4]]
    assert two_level_means(ragged).mean() == pytest.approx(0.4 / 3, abs=0.005)
    assert two_level_interval(ragged[:2]) is None


def test_partial_conjunction_by_hand() -> None:
    # u = 1: min(4 · .001, 2 · .02, 4/3 · .03, .8); u = 2: min(3 · .02, 3/2 · .03, .8), and so on
    found = partial_conjunction([0.03, 0.001, 0.8, 0.02])
    assert found == pytest.approx([0.004, 0.045, 0.06, 0.8])
    assert found_on([0.03, 0.001, 0.8, 0.02]) == 2
    assert found_on([0.4, 0.9]) == found_on([]) == 0


def test_partial_conjunction_is_simes_of_what_is_left() -> None:
    p_values = [0.001, 0.2, 0.013, 0.04, 0.7, 0.028]
    for place, p_value in enumerate(partial_conjunction(p_values)):
        left = sorted(p_values)[place:]
        assert p_value == pytest.approx(stats.false_discovery_control(left).min())


def test_chances_as_scipy_has_students_distribution() -> None:
    found = chances(GAINS)
    assert found is not None
    mean = stats.t(len(GAINS) - 1, np.mean(GAINS), stats.sem(GAINS))
    assert found.better == pytest.approx(mean.sf(0.005))
    assert found.worse == pytest.approx(mean.cdf(-0.005))
    assert math.fsum((found.better, found.equal, found.worse)) == pytest.approx(1)


def test_gains_without_spread_leave_no_doubt() -> None:
    same = chances([0.004, 0.004, 0.004])
    assert same is not None
    assert (same.better, same.equal, same.worse) == (0, 1, 0)
    assert chances([0.1, 0.2]) is None


@pytest.mark.parametrize(
    "luck", [Luck(sequence=0.0, seed=0.02), Luck(sequence=0.03, seed=0.01)], ids=["seeds", "both"]
)
def test_flat_against_flat_is_told_apart_in_five_per_cent_at_most(luck: Luck) -> None:
    found = wrong_calls(luck, times=100)
    # of 100 with 5 % each, more than 10 come once in a hundred
    assert max(found.test, found.interval, found.chances) <= 10 / 100
    if not luck.sequence:  # else one is the better on some, and found so
        assert found.count <= 10 / 100
