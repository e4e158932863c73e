"""Shares with the way each goes, and what is said where there are none."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from bertcl_tui.charts.style import DARK
from bertcl_tui.store.trial_rows import ImportanceRow, Scored
from bertcl_tui.study.importance import Importance, importance_text, rank_correlations
from engine.spec.search import FEWEST


def _trials(rates: list[tuple[float, ...]], scores: list[float]) -> tuple[Scored, ...]:
    return tuple(
        Scored(run_id=i, number=i, label=None, p=p, p_o=p, p_s=0.0, learning_rates=rate)
        for i, (rate, p) in enumerate(zip(rates, scores, strict=True))
    )


def test_by_hand() -> None:
    rates = [(1e-7, 1e-4, 1e-5), (1e-6, 1e-5, 1e-5), (1e-5, 1e-6, 1e-5)]
    assert rank_correlations(_trials(rates, [0.1, 0.2, 0.3])) == pytest.approx((1.0, -1.0, 0.0))


def test_agrees_with_scipy_where_ranks_are_shared() -> None:
    draw = np.random.default_rng(5)
    rates = draw.choice([1e-6, 1e-5, 1e-4], size=(40, 4))
    scores = draw.choice([1.1, 1.2, 1.3, 1.4], size=40)
    ours = rank_correlations(_trials([tuple(row) for row in rates.tolist()], scores.tolist()))
    theirs = [spearmanr(rates[:, choice], scores).statistic for choice in range(4)]
    assert ours == pytest.approx(theirs)


def _row(*shares: float, trials: int = FEWEST) -> ImportanceRow:
    return ImportanceRow(evaluator="ped-anova", trials=trials, weighed=trials, shares=shares)


def _drawn(trials: tuple[Scored, ...], row: ImportanceRow | None) -> str:
    drawing = Importance(labels=("embeddings", "layer 1", "heads"), trials=trials, weighed=row)
    return drawing.draw((40, 6), DARK).plain


def test_too_few_trials_are_said_to_be_too_few() -> None:
    trials = _trials([(1e-5, 1e-4, 1e-5)] * (FEWEST - 1), [1.0] * (FEWEST - 1))
    assert "Needs 10 complete trials,\n" in _drawn(trials, None).replace("  ", "")


def test_one_rate_for_all_is_said_not_to_be_weighed() -> None:
    rates = [(10.0**-i,) * 3 for i in range(FEWEST)]
    row = _row(1 / 3, 1 / 3, 1 / 3)
    assert "one rate for all" in _drawn(_trials(rates, [1.0] * FEWEST), row)


def test_what_is_not_weighed_yet_is_waited_for() -> None:
    rates = [(10.0**-i, 1e-5, 1e-5) for i in range(FEWEST)]
    assert "Weighing 10 trials…" in _drawn(_trials(rates, [1.0] * FEWEST), None)


def test_the_sign_says_which_way_and_the_greatest_share_comes_first() -> None:
    rates = [(10.0**-7 * (i + 1), 1e-5, 1e-4 / (i + 1)) for i in range(FEWEST)]
    trials = _trials(rates, [1.0 + i / 100 for i in range(FEWEST)])
    lines = _drawn(trials, _row(0.3, 0.1, 0.6)).splitlines()
    assert [line.split()[:2] for line in lines[:3]] == [
        ["−", "heads"],
        ["+", "embeddings"],
        ["±", "layer"],
    ]
    assert lines[0].endswith(".60")


def test_who_weighed_it_from_how_many() -> None:
    assert importance_text(_row(1.0, trials=24)) == "PED-ANOVA, 24 trials"
    some = ImportanceRow(evaluator="fanova", trials=1000, weighed=250, shares=(1.0,))
    assert importance_text(some) == "fANOVA, 250 of 1,000 trials"


def test_rates_that_are_lost_since_they_were_weighed_are_missed() -> None:
    rates = [(10.0**-i, 1e-5) for i in range(FEWEST)]
    assert "are lost" in _drawn(_trials(rates, [1.0] * FEWEST), _row(0.5, 0.3, 0.2))
