"""Trials side by side: what differs, which is best, and which are chosen."""

from bertcl_tui.compare.look import Comparison, as_text, look_at_comparison
from bertcl_tui.store.reader import Reader
from bertcl_tui.study.look import (
    MOST_COMPARED,
    Look,
    Question,
    look_at_study,
    trials_to_compare,
)

LIVE_ID, BEST, FLAT = 1, 10, 0


def _comparison(reader: Reader, *numbers: int) -> Comparison:
    found = look_at_comparison(reader, LIVE_ID, numbers)
    assert found is not None
    return found


def _look(reader: Reader, cursor: int | None = None) -> Look:
    look = look_at_study(reader, Question(study_id=LIVE_ID, cursor=cursor), None)
    assert look is not None
    return look


def test_what_differs_and_what_is_alike(reader: Reader) -> None:
    facts = {fact.name: fact for fact in _comparison(reader, BEST, 6, 8).facts}
    assert facts["p"].values == ("1.417", "1.402", "–")
    assert facts["p"].best == (0,)
    assert facts["p_s"].best == (1,)
    assert facts["p_o before"].values == ("0.813", "0.786", "–")
    assert facts["forgetting"].values == ("0.059", "0.063", "–")
    assert facts["forgetting"].best == (0,), "less is better"
    assert facts["state"].values == ("complete", "complete", "collapsed")
    assert facts["heads"].differs
    assert len(facts["heads"].rates) == 3
    assert not facts["train rows"].differs
    assert not facts["model"].differs


def test_the_table_as_text(reader: Reader) -> None:
    comparison = _comparison(reader, BEST, 6)
    lines = as_text(comparison.several, comparison.facts[:2]).splitlines()
    assert lines[:2] == ["\t#10\t#6", "p\t1.417\t1.402"]


def test_curves_against_the_baseline_even_where_it_is_compared(reader: Reader) -> None:
    drawing = _comparison(reader, BEST, FLAT).forgetting(BEST)
    assert [line.name for line in drawing.lines] == ["#10"]
    assert drawing.baseline is not None
    turned = _comparison(reader, BEST, FLAT).forgetting(FLAT)
    assert [(line.name, line.emphasis) for line in turned.lines] == [
        ("#10", "normal"),
        ("#0", "bright"),
    ]
    assert turned.baseline is None


def test_trials_that_are_gone_are_none(reader: Reader) -> None:
    assert look_at_comparison(reader, 99, (1, 2)) is None
    assert look_at_comparison(reader, LIVE_ID, (77,)) is None


def test_which_trials_are_compared(reader: Reader) -> None:
    look = _look(reader, 6)
    assert trials_to_compare(look, {25, 10, 8}) == (10, 25, 8)
    assert trials_to_compare(look, {10}) == (10, 6)
    assert trials_to_compare(look, {6}) == (6, FLAT)
    assert trials_to_compare(look, set()) == (6, FLAT)
    assert len(trials_to_compare(look, set(range(20)))) == MOST_COMPARED
    assert trials_to_compare(_look(reader, FLAT), set()) == (FLAT,)
