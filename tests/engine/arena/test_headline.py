"""The headline of a table from invented results, against numbers worked out by hand."""

from collections.abc import Sequence

import pytest
from scipy import stats

from engine.arena.entrants import parse_entrants
from engine.arena.headline import Declared, Effect, make_headline
from engine.arena.results import CellRuns, Results
from engine.spec import Source

SEQUENCES = tuple(("a", f"b{place}") for place in range(7))
SEEN = ("a", "b6")
BASE = (1.50, 1.48, 1.52, 1.51)
LIFTS = (0.02, 0.03, 0.01, 0.04, -0.01, 0.05)
"""Of the unseen sequences."""


def runs(scores: Sequence[float], searched: Sequence[tuple[str, str]] = ()) -> CellRuns:
    return CellRuns(
        source=Source(searched_on=tuple(map(":".join, searched))),
        runs=(),
        planned=len(scores),
        accuracies={
            seed: {(1, 0): p / 2, (1, 1): p / 2} for seed, p in enumerate(scores, start=1000)
        },
    )


def effects(names: str, *, lift_of_seen: float = 0.5) -> dict[str, Effect]:
    cells = {}
    wobble = (0.001, -0.001, 0.002, -0.002)
    for sequence, lift in zip(SEQUENCES, (*LIFTS, lift_of_seen), strict=True):
        cells["flat@2e-5", sequence] = runs([p - 0.1 for p in BASE])
        cells["flat-tuned", sequence] = runs(BASE, [SEEN])
        lifted = [p + lift + w for p, w in zip(BASE, wobble, strict=True)]
        cells["combined", sequence] = runs(lifted, [SEEN])
        cells["joint@flat-tuned", sequence] = runs([p + 0.2 for p in BASE], [SEEN])
    found = make_headline(parse_entrants(names), SEQUENCES, Results(cells=cells))
    assert found is not None
    assert found.reference == ("flat tuned" if "flat-tuned" in names else "flat 2e-5")
    return {effect.entrant: effect for effect in found.effects}


def test_the_mean_is_over_the_sequences_that_nobody_searched_on() -> None:
    combined = effects("flat,flat-tuned,combined")["combined"]
    assert combined.mean == pytest.approx(sum(LIFTS) / 6)
    assert [gain.seen for gain in combined.sequences] == [False] * 6 + [True]
    assert combined.sequences[-1].gain == pytest.approx(0.5)
    assert len(combined.counted) == 6
    assert not combined.seen
    assert combined.low is not None
    assert combined.high is not None
    assert combined.low < 0.0233 < combined.high


def test_the_test_flips_the_signs_of_sequences_and_is_corrected_for_what_is_looked_at() -> None:
    found = effects("flat,flat-tuned,combined")
    exact = stats.permutation_test((LIFTS,), lambda x: sum(x) / 6, permutation_type="samples")
    assert found["flat@2e-5"].p_value == pytest.approx(2 * 2 / 64)
    assert found["combined"].p_value == pytest.approx(exact.pvalue)
    assert found["combined"].standing == "exploratory"


def test_the_declared_comparison_is_not_corrected() -> None:
    entrants = parse_entrants("flat,flat-tuned,combined")
    cells = {
        (name, sequence): runs([p + add for p in BASE])
        for sequence in SEQUENCES
        for name, add in (("flat@2e-5", -0.1), ("flat-tuned", 0.0), ("combined", 0.1))
    }
    declared = Declared(
        standing="primary", plan="0", sequences=SEQUENCES, seeds=(1000, 1001, 1002, 1003)
    )
    found = make_headline(
        entrants, SEQUENCES, Results(cells=cells), {("combined", "flat-tuned"): declared}
    )
    assert found is not None
    assert [effect.p_value for effect in found.effects] == [2 / 128, 2 / 128]
    with_flat = {("combined", "flat@2e-5"): declared}
    for others in (None, with_flat):
        both = make_headline(entrants, SEQUENCES, Results(cells=cells), others)
        assert both is not None
        assert [effect.p_value for effect in both.effects] == [4 / 128, 4 / 128]


def test_it_counts_the_sequences_on_which_a_method_is_better_and_worse() -> None:
    combined = effects("flat-tuned,combined")["combined"]
    # ± .002 over four seeds: five lifts are told, and so is the fall
    assert (combined.better_on, combined.worse_on) == (5, 1)
    assert combined.chances is not None
    assert combined.chances.better > 0.9


def test_without_unseen_sequences_those_that_were_searched_on_stand_for_them() -> None:
    entrants = parse_entrants("flat-tuned,bertcl")
    cells = {
        (name, sequence): runs(BASE, [sequence] if name == "bertcl" else [])
        for sequence in SEQUENCES[:2]
        for name in ("flat-tuned", "bertcl")
    }
    found = make_headline(entrants, SEQUENCES, Results(cells=cells))
    assert found is not None
    (effect,) = found.effects
    assert effect.seen
    assert len(effect.counted) == 2
    assert (effect.low, effect.p_value, effect.chances) == (None, None, None)


def test_a_method_that_forgets_nothing_is_known_as_a_bound() -> None:
    found = effects("flat-tuned,combined,joint@flat-tuned")
    assert {name for name, effect in found.items() if effect.is_bound} == {"joint@flat-tuned"}


def test_nothing_to_compare_is_no_headline() -> None:
    entrants = parse_entrants("flat-tuned,combined")
    cells = {("flat-tuned", SEQUENCES[0]): runs(BASE)}
    assert make_headline(entrants, SEQUENCES, Results(cells=cells)) is None
