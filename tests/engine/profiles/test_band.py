import random

import pytest

from engine.profiles import Combined, bootstrap_band, combine
from tests.engine.profiles.samples import RATES, study, trial


def scattered(seed: int = 1, trials: int = 20, base: float = 1.8) -> Combined:
    dice = random.Random(seed)
    return combine(
        [
            study(
                *(
                    trial(n, dice.uniform(1, 2), [10 ** dice.uniform(-7, -3) for _ in range(4)])
                    for n in range(trials)
                ),
                name=name,
            )
            for name in ("a", "b")
        ],
        base=base,
    )


def test_the_band_lies_around_the_combination_and_is_repeatable() -> None:
    combined = scattered()
    band = bootstrap_band(combined)
    for low, rate, high in zip(band.low, combined.learning_rates, band.high, strict=True):
        assert low < rate < high
    assert bootstrap_band(combined) == band
    assert bootstrap_band(combined, seed=1) != band


def test_wider_percentiles_give_a_wider_band() -> None:
    combined = scattered()
    narrow = bootstrap_band(combined, percentiles=(25, 75))
    wide = bootstrap_band(combined, percentiles=(1, 99))
    assert all(w < n for w, n in zip(wide.low, narrow.low, strict=True))
    assert all(w > n for w, n in zip(wide.high, narrow.high, strict=True))


def test_trials_that_agree_leave_no_doubt() -> None:
    combined = combine([study(*(trial(n, 1.0 + n / 10) for n in range(6)))])
    band = bootstrap_band(combined)
    assert band.low == pytest.approx(RATES)
    assert band.high == pytest.approx(RATES)


def test_two_trials_by_hand() -> None:
    # b = 3: weights 3/4 and 1/4. A draw of two takes best twice (p 1/4), one of each (1/2) or
    # worst twice (1/4), which gives 1e-6, 10^(-6·¾-2·¼) = 1e-5 and 1e-2.
    combined = combine([study(trial(0, 1.5, (1e-6,) * 4), trial(1, 1.0, (1e-2,) * 4))], base=3.0)
    band = bootstrap_band(combined, draws=4000, percentiles=(20, 50))
    assert band.low == pytest.approx([1e-6] * 4)
    assert band.high == pytest.approx([1e-5] * 4)
    top = bootstrap_band(combined, draws=4000, percentiles=(70, 80))
    assert top.low == pytest.approx([1e-5] * 4)
    assert top.high == pytest.approx([1e-2] * 4)


def test_the_band_equals_sorting_every_resample() -> None:
    """Against the plain definition: draw, rank anew, weigh, combine."""
    import numpy as np

    combined = scattered(trials=7)
    dice = random.Random(0)
    means = []
    for _ in range(4000):
        per_study = []
        for one in combined.studies:
            drawn = sorted(
                dice.choices(one.trials, k=len(one.trials)), key=lambda t: (-t.p, t.number)
            )
            weights = np.array([1.8**-rank for rank in range(1, len(drawn) + 1)])
            logs = np.log([t.learning_rates for t in drawn])
            per_study.append(weights @ logs / weights.sum())
        means.append(np.mean(per_study, axis=0))
    low, high = np.percentile(means, (5, 95), axis=0)
    band = bootstrap_band(combined, draws=4000)
    assert np.log(band.low) == pytest.approx(low, abs=0.25)
    assert np.log(band.high) == pytest.approx(high, abs=0.25)
