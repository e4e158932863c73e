"""Rank correlations, and what is said where there are too few trials."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from bertcl_tui.charts.style import DARK
from bertcl_tui.drawings.importance import FEWEST, Importance, rank_correlations
from bertcl_tui.rows import Scored


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


def test_too_few_trials_are_said_to_be_too_few() -> None:
    trials = _trials([(1e-5, 1e-4)] * (FEWEST - 1), [1.0] * (FEWEST - 1))
    drawn = Importance(labels=("embeddings", "heads"), trials=trials).draw((30, 6), DARK)
    assert "Needs 10 complete trials,\n" in drawn.plain.replace("  ", "")


def test_the_sign_says_which_way() -> None:
    rates = [(10.0**-7 * (i + 1), 1e-4 / (i + 1)) for i in range(FEWEST)]
    scores = [1.0 + i / 100 for i in range(FEWEST)]
    drawn = Importance(labels=("embeddings", "heads"), trials=_trials(rates, scores))
    lines = drawn.draw((40, 4), DARK).plain.splitlines()
    assert lines[0].startswith("+ embeddings")
    assert lines[1].startswith("− heads")
