import math
import random
from datetime import UTC, datetime
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import UsageError
from engine.profiles import (
    Combination,
    Combined,
    ScoredTrial,
    StudyShare,
    StudyTrials,
    TrialShare,
    bootstrap_band,
    combine,
    to_profile,
    without_each_study,
)
from engine.spec import Protocol
from tests.engine.profiles.samples import BACKBONE, GROUPING, RATES, study, trial

rates = st.tuples(*[st.floats(1e-7, 1e-3)] * 4)
bases = st.floats(1.0, 50.0)


@st.composite
def studies(draw: st.DrawFn, most: int = 4) -> list[StudyTrials]:
    def one(name: str) -> StudyTrials:
        scored = draw(st.lists(st.tuples(st.floats(0.0, 2.0), rates), min_size=1, max_size=8))
        return study(
            *(ScoredTrial(n, p, "complete", lrs) for n, (p, lrs) in enumerate(scored)), name=name
        )

    return [one(f"study {n}") for n in range(draw(st.integers(1, most)))]


def geometric_mean(vectors: list[tuple[float, ...]]) -> list[float]:
    return [
        math.exp(sum(map(math.log, column)) / len(column)) for column in zip(*vectors, strict=True)
    ]


def test_one_study_by_hand() -> None:
    # Ranks by p: 1 (trial 2), 2 (trial 0), 3 (trial 1); b = 2 weighs them 4/7, 2/7, 1/7.
    combined = combine(
        [
            study(
                trial(0, 1.5, (1e-4,) * 4),
                trial(1, 1.1, (1e-3,) * 4),
                trial(2, 1.6, (1e-6, 1e-5, 1e-4, 1e-3)),
            )
        ],
        base=2.0,
    )
    (mean,) = combined.studies
    assert [(ranked.number, ranked.rank) for ranked in mean.trials] == [(2, 1), (0, 2), (1, 3)]
    assert [ranked.weight for ranked in mean.trials] == pytest.approx([4 / 7, 2 / 7, 1 / 7])
    powers = [(4 * head + 2 * -4 + 1 * -3) / 7 for head in (-6, -5, -4, -3)]
    assert mean.learning_rates == pytest.approx([10**power for power in powers])
    assert combined.learning_rates == pytest.approx(mean.learning_rates)
    assert mean.effective_trials == pytest.approx(49 / 21)
    assert combined.effective_trials == pytest.approx(49 / 21)


def test_studies_count_alike_however_many_trials_they_have() -> None:
    combined = combine(
        [
            study(trial(0, 1.0, (1e-6,) * 4), name="a"),
            study(*(trial(n, 1.0 + n, (1e-4,) * 4) for n in range(5)), name="b"),
        ],
        base=1.0,
    )
    assert combined.learning_rates == pytest.approx([1e-5] * 4)
    # Weights 1/2 and five of 1/10.
    assert combined.effective_trials == pytest.approx(1 / (0.25 + 5 * 0.01))


def test_ties_go_to_the_lower_number() -> None:
    combined = combine([study(trial(9, 1.5), trial(3, 1.5), trial(6, 1.7))])
    assert [ranked.number for ranked in combined.studies[0].trials] == [6, 3, 9]


@given(studies(), bases, st.randoms(use_true_random=False))
def test_order_does_not_matter(given_studies: list[StudyTrials], base: float, dice: Random) -> None:
    shuffled = [
        study(*dice.sample(one.trials, len(one.trials)), name=one.study) for one in given_studies
    ]
    dice.shuffle(shuffled)
    assert combine(shuffled, base).learning_rates == pytest.approx(
        combine(given_studies, base).learning_rates
    )


@given(studies())
def test_base_1_gives_the_plain_geometric_mean(given_studies: list[StudyTrials]) -> None:
    means = [
        tuple(geometric_mean([trial.learning_rates for trial in one.trials]))
        for one in given_studies
    ]
    assert combine(given_studies, 1.0).learning_rates == pytest.approx(geometric_mean(means))


@given(studies(most=1), st.sampled_from([1e12, 1e300, 1.7976931348623157e308]))
def test_a_huge_base_gives_the_best_trial(given_studies: list[StudyTrials], base: float) -> None:
    best = max(given_studies[0].trials, key=lambda one: (one.p, -one.number))
    assert combine(given_studies, base).learning_rates == pytest.approx(best.learning_rates)


@given(studies(), bases, st.floats(0.01, 100.0))
def test_scaling_all_rates_scales_the_result(
    given_studies: list[StudyTrials], base: float, factor: float
) -> None:
    scaled = [
        study(
            *(
                trial(one.number, one.p, [rate * factor for rate in one.learning_rates])
                for one in each.trials
            ),
            name=each.study,
        )
        for each in given_studies
    ]
    assert combine(scaled, base).learning_rates == pytest.approx(
        [rate * factor for rate in combine(given_studies, base).learning_rates]
    )


@given(studies(), bases)
def test_the_result_lies_among_the_trials_and_the_weights_are_shares(
    given_studies: list[StudyTrials], base: float
) -> None:
    combined = combine(given_studies, base)
    for choice, rate in enumerate(combined.learning_rates):
        tried = [one.learning_rates[choice] for each in given_studies for one in each.trials]
        assert min(tried) * (1 - 1e-9) <= rate <= max(tried) * (1 + 1e-9)
    for mean in combined.studies:
        assert sum(ranked.weight for ranked in mean.trials) == pytest.approx(1.0)
        assert mean.effective_trials + 1e-9 >= 1.0
        assert mean.effective_trials <= len(mean.trials) + 1e-9
    assert combined.effective_trials <= sum(len(mean.trials) for mean in combined.studies) + 1e-9


def test_thousands_of_ranks_do_not_overflow() -> None:
    combined = combine([study(*(trial(n, 1.0, RATES) for n in range(5000)))], base=1.8)
    assert combined.learning_rates == pytest.approx(RATES)


@pytest.mark.parametrize("base", [0.5, math.nan, math.inf])
def test_a_bad_base_is_refused(base: float) -> None:
    with pytest.raises(UsageError, match="base b is"):
        combine([study(trial(0, 1.0))], base)


def test_the_profile_tells_what_it_was_made_of() -> None:
    protocol = Protocol(epochs=2)
    combined = combine(
        [
            study(trial(0, 1.2), trial(1, 1.4), name="a", protocol=protocol),
            study(trial(5, 1.3), name="b", sequence="qqp:mrpc", protocol=protocol),
        ],
        base=3.0,
    )
    created = datetime(2024, 5, 1, tzinfo=UTC)
    profile = to_profile(combined, "mine", software={"torch": "2.13.0"}, created=created)
    assert profile.learning_rates == combined.learning_rates
    assert (profile.backbone, profile.grouping) == (BACKBONE, GROUPING)
    assert profile.protocol == protocol
    assert profile.searched_on == ("sst2:mrpc", "qqp:mrpc")
    assert profile.source == "Combined from 3 trials on sst2:mrpc, qqp:mrpc with b = 3."
    assert (profile.software, profile.created) == ({"torch": "2.13.0"}, created)
    assert profile.combination == Combination(
        base=3.0,
        studies=(
            StudyShare(
                study="a",
                sequence="sst2:mrpc",
                trials=(
                    TrialShare(number=1, rank=1, weight=0.75, p=1.4),
                    TrialShare(number=0, rank=2, weight=0.25, p=1.2),
                ),
            ),
            StudyShare(
                study="b",
                sequence="qqp:mrpc",
                trials=(TrialShare(number=5, rank=1, weight=1.0, p=1.3),),
            ),
        ),
    )


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
