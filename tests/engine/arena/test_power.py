"""Where the spread comes from, and what is needed to show a difference, against simulation."""

import math

import numpy as np
import pytest
from scipy import stats

from engine.arena.entrants import parse_entrants
from engine.arena.headline import make_headline
from engine.arena.pace import Pace, pace_of
from engine.arena.power import (
    Design,
    Spread,
    needed_sequences,
    power,
    shown_difference,
    spread_of,
    standard_error,
)
from engine.arena.results import CellRuns, Results
from engine.spec import Source
from engine.store.timing import WorkTime


def spread(sequence: float = 0.02, seed: float = 0.015, rows: float = 0.01) -> Spread:
    return Spread(
        sequence=sequence**2,
        seed=seed**2,
        rows=rows**2,
        search=None,
        measured=600,
        methods=1,
        sequences=8,
        seeds=5,
    )


def test_the_error_of_a_mean_by_hand() -> None:
    error = standard_error(spread(), Design(sequences=8, seeds=5, rows=600))
    assert error == pytest.approx(math.sqrt((4e-4 + 1e-4 + 2.25e-4 / 5) / 8))
    more = standard_error(spread(), Design(sequences=8, seeds=5, rows=2400))
    assert more == pytest.approx(math.sqrt((4e-4 + 0.25e-4 + 2.25e-4 / 5) / 8))


def test_power_as_often_as_students_test_shows_it() -> None:
    design, random = Design(sequences=8, seeds=5, rows=600), np.random.default_rng(3)
    sd = standard_error(spread(), design) * math.sqrt(8)
    shown = stats.ttest_1samp(0.025 + random.normal(0, sd, size=(8, 4000)), 0.0).pvalue < 0.05
    assert power(spread(), design, 0.025) == pytest.approx(shown.mean(), abs=0.025)
    assert power(spread(), design, 0.0) == pytest.approx(0.05)


def test_below_six_sequences_nothing_is_shown() -> None:
    design = Design(sequences=5, seeds=50, rows=600)
    assert power(spread(), design, 1.0) == 0
    assert shown_difference(spread(), design) == math.inf


def test_as_many_sequences_as_it_takes_and_not_one_more() -> None:
    number = needed_sequences(spread(), 5, 600, 0.01)
    assert number is not None
    at, below = (Design(sequences=each, seeds=5, rows=600) for each in (number, number - 1))
    assert power(spread(), at, 0.01) >= 0.8 > power(spread(), below, 0.01)
    assert shown_difference(spread(), at) <= 0.01
    assert needed_sequences(spread(sequence=1.0), 5, 600, 0.01) is None


def test_hours_are_of_the_work_that_was_done_side_by_side() -> None:
    times = [
        WorkTime(busy=100, measuring=20, started=0, finished=100),
        WorkTime(busy=100, measuring=20, started=0, finished=100),
        WorkTime(busy=100, measuring=20, started=900, finished=1000),
        WorkTime(busy=100, measuring=20, started=900, finished=1000),
    ]
    pace = pace_of(times)
    assert pace == Pace(seconds=100, measuring=20, at_once=2, runs=4)
    assert pace.hours(72) == pytest.approx(1)
    assert pace.hours(72, more_rows=3) == pytest.approx(1.4)
    assert pace_of([]).runs == 0


def pilot(rows: int, *, shares: bool = True) -> Spread | None:
    """Return what is found of 150 sequences by four seeds; scores may be shares of rows or none."""
    random = np.random.default_rng(11)
    entrants = parse_entrants("flat-tuned,flat@1e-5")
    sequences = tuple((f"a{place}", f"b{place}") for place in range(150))
    cells: dict[tuple[str, tuple[str, ...]], CellRuns] = {}
    for sequence in sequences:
        lift = random.normal(0, 0.04)
        for entrant, known in zip(entrants, (0.75, 0.75 + lift / 2), strict=True):
            own = random.normal(known, 0.02, size=(4, 1)) + np.zeros((4, 2))
            luck = random.normal(0, math.sqrt(0.75 * 0.25 / rows), size=2)
            right = np.round((own + luck) * rows) / rows if shares else own + luck
            cells[entrant.name, sequence] = CellRuns(
                source=Source(),
                runs=(),
                planned=4,
                accuracies={
                    seed: {(1, 0): float(p_o), (1, 1): float(p_s)}
                    for seed, (p_o, p_s) in enumerate(right)
                },
            )
    results = Results(cells=cells)
    headline = make_headline(entrants, sequences, results)
    assert headline is not None
    return spread_of(headline.effects, results)


def test_what_sequences_seeds_and_rows_make_is_found_again() -> None:
    rows = 500
    found = pilot(rows)
    assert found is not None
    assert found.measured == rows
    assert found.seed**0.5 == pytest.approx(2 * 0.02 * math.sqrt(2), rel=0.1)
    assert "rows, at most" in found.shares
    assert found.rows == pytest.approx(4 * 0.75 * 0.25 / rows, rel=0.05)
    assert found.sequence**0.5 == pytest.approx(0.04, rel=0.2)
    assert found.search is None
    assert (found.sequences, found.seeds, found.methods) == (150, 4, 1)


def test_scores_that_are_no_shares_of_rows_say_nothing_of_rows() -> None:
    found = pilot(500, shares=False)
    assert found is not None
    assert (found.rows, found.measured) == (None, 0)
    assert next(iter(found.shares)) == "sequences and rows"
    known = pilot(500)
    assert known is not None
    assert found.sequence == pytest.approx(known.sequence + (known.rows or 0.0), rel=0.05)


def test_one_seed_or_one_sequence_says_nothing_of_spread() -> None:
    assert spread_of((), Results(cells={})) is None
