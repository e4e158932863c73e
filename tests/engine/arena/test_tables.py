"""A table from invented results, against numbers worked out by hand."""

import math

import pytest

from engine.arena import legend
from engine.arena.entrants import parse_entrants
from engine.arena.layouts import Column, Layout, free_layout, paper_layout
from engine.arena.measuring import measure_of
from engine.arena.results import CellRuns, Results
from engine.arena.tables import Table, make_table
from engine.spec import Source, Tuning

PAIR = ("sst2", "mrpc")
OTHER = ("mrpc", "sst2")
Key = tuple[str, tuple[str, ...]]


def cell(*pairs: tuple[float, float], source: Source | None = None, planned: int = 0) -> CellRuns:
    """Return runs with these accuracies at their ends, the first one of seed 1000."""
    return CellRuns(
        source=source or Source(),
        runs=(),
        planned=planned or len(pairs),
        accuracies={
            1000 + index: {(0, 0): 0.9, (1, 0): p_o, (1, 1): p_s}
            for index, (p_o, p_s) in enumerate(pairs)
        },
    )


def layout(entrants: str, measure: str, *sequences: tuple[str, ...]) -> Layout:
    return free_layout(sequences or (PAIR,), parse_entrants(entrants), measure_of(measure))


FLAT = cell((0.50, 0.70), (0.60, 0.70), (0.70, 0.70))
BETTER = cell((0.54, 0.60), (0.62, 0.60), (0.76, 0.60))


def two_rows(measure: str = "p_o-p_s") -> Table:
    results = Results(cells={("flat@2e-5", PAIR): FLAT, ("combined", PAIR): BETTER})
    return make_table(layout("flat,combined", measure), results)


def test_means_and_intervals() -> None:
    flat, combined = two_rows().rows
    (p_o, p_s) = combined.cells[0].values
    assert p_o.mean == pytest.approx(0.64)
    # deviations -0.10, -0.02, 0.12: s² = 0.0248 / 2; t(0.975, 2) = 4.302653
    assert p_o.half_width == pytest.approx(4.302653 * math.sqrt(0.0124 / 3), rel=1e-6)
    assert (p_s.mean, p_s.half_width) == (pytest.approx(0.60), pytest.approx(0))
    assert [value.mean for value in flat.cells[0].values] == pytest.approx([0.60, 0.70])
    assert (combined.cells[0].runs, combined.title) == (3, "BERTcL combined")


def test_rows_are_compared_with_the_flat_one_and_corrected_for_all_comparisons() -> None:
    table = two_rows()
    flat, combined = table.rows
    p_o, p_s = combined.cells[0].values
    # p_o: differences 0.04, 0.02, 0.06, t = sqrt 12; p_s: all -0.1, which is no matter of seeds
    alone = 1 - math.sqrt(12) / math.sqrt(14)
    assert p_o.p_value == pytest.approx(2 * alone)
    assert p_s.p_value == 1
    assert (p_o.better, p_o.significant) == (True, False)
    assert (p_s.better, p_s.significant) == (False, False)
    assert {value.p_value for value in flat.cells[0].values} == {None}
    assert (table.comparisons, table.reference) == (2, "flat 2e-5")


def test_the_correction_counts_every_cell() -> None:
    cells = {
        (name, sequence): found
        for sequence in (PAIR, OTHER)
        for name, found in (("flat@2e-5", FLAT), ("combined", BETTER), ("bertcl", BETTER))
    }
    table = make_table(layout("flat,combined,bertcl", "p", PAIR, OTHER), Results(cells=cells))
    # p: differences -0.06, -0.08, -0.04, so |t| = sqrt 27, the same four times
    alone = 1 - math.sqrt(27) / math.sqrt(29)
    corrected = [c.values[0].p_value for row in table.rows[1:] for c in row.cells]
    assert table.comparisons == 4
    assert corrected == pytest.approx([4 * alone] * 4)


def test_two_models_that_always_say_one_class_get_no_star() -> None:
    zeros, ones = cell(*[(0.377, 0.52)] * 5), cell(*[(0.623, 0.48)] * 5)
    results = Results(cells={("flat@2e-5", PAIR): zeros, ("combined", PAIR): ones})
    table = make_table(layout("flat,combined", "p_o-p_s"), results)
    assert [value.p_value for value in table.rows[1].cells[0].values] == [1, 1]
    assert not any(value.significant for value in table.values())


def test_bold_compares_the_seeds_that_are_tested() -> None:
    flat = cell((0.50, 0.70), (0.60, 0.70), (0.70, 0.70), (0.10, 0.70), (0.10, 0.70))
    worse = cell((0.44, 0.60), (0.58, 0.60), (0.66, 0.60))
    results = Results(cells={("flat@2e-5", PAIR): flat, ("combined", PAIR): worse})
    value = make_table(layout("flat,combined", "p_o-p_s"), results).rows[1].cells[0].values[0]
    assert value.mean == pytest.approx(0.56)  # above the 0.40 of five seeds, below that of three
    assert not value.better


def test_a_gain_of_less_than_a_row_is_not_bold() -> None:
    flat = cell((0.50, 0.7), (0.51, 0.7), (0.53, 0.7))
    for last, better in ((0.53, False), (0.54, True)):
        more = cell((0.51, 0.7), (0.52, 0.7), (last, 0.7))
        results = Results(cells={("flat@2e-5", PAIR): flat, ("combined", PAIR): more})
        value = make_table(layout("flat,combined", "p_o-p_s"), results).rows[1].cells[0].values[0]
        assert value.better == better


def test_less_forgetting_is_better() -> None:
    flat, combined = two_rows("forgetting").rows
    assert flat.cells[0].values[0].mean == pytest.approx(0.30)
    assert combined.cells[0].values[0].better


def test_the_first_row_is_the_reference_where_none_is_flat() -> None:
    table = make_table(layout("joint,flat-tuned", "p"), Results(cells={}))
    assert table.reference == "joint 2e-5"
    assert make_table(layout("joint,flat", "p"), Results(cells={})).reference == "flat 2e-5"


def test_seen_columns_and_what_tuning_cost() -> None:
    tuning = [Tuning(study=name, sequence="x", epochs=30.0) for name in ("one", "two")]
    own = Source(tuned=(tuning[0],), searched_on=("sst2:mrpc",))
    both = Source(tuned=tuple(tuning), searched_on=("sst2:mrpc", "qqp:mrpc"))
    published = Source(published=True, searched_on=("mrpc:sst2",))
    cells: dict[Key, CellRuns] = {
        ("flat@2e-5", PAIR): cell((0.5, 0.5)),
        ("bertcl", PAIR): cell((0.5, 0.5), source=own),
        ("bertcl", OTHER): cell((0.5, 0.5), source=published),
        ("combined", PAIR): cell((0.5, 0.5), source=both),
        ("combined", OTHER): cell((0.5, 0.5), source=both),
    }
    table = make_table(layout("flat,bertcl,combined,joint", "p", PAIR, OTHER), Results(cells=cells))
    assert [row.tuning_epochs for row in table.rows] == [0, 30, 60, None]
    assert [[c.seen for c in row.cells] for row in table.rows] == [
        [False, False],
        [True, True],
        [True, False],
        [False, False],
    ]
    assert [c.published for c in table.rows[1].cells] == [False, True]
    assert [legend.tuned_on(row) for row in table.rows] == [
        "–",
        "tested sequence",
        "tested, others",
        "–",
    ]


def test_a_row_that_was_tuned_on_the_first_task_says_so() -> None:
    tuning = Tuning(study="one", sequence="sst2:rte", epochs=30.0)
    first = Source(tuned=(tuning,), first_task=True)
    elsewhere = Source(tuned=(tuning,), searched_on=("sst2:rte",))
    cells: dict[Key, CellRuns] = {
        ("flat-first", PAIR): cell((0.5, 0.5), source=first),
        ("flat-tuned", PAIR): cell((0.5, 0.5), source=elsewhere),
    }
    table = make_table(layout("flat-tuned,flat-first", "p"), Results(cells=cells))
    assert [row.title for row in table.rows] == ["flat tuned", "flat tuned on the first task"]
    assert [legend.tuned_on(row) for row in table.rows] == ["other sequences", "first task only"]
    assert not table.rows[1].cells[0].seen


def test_what_is_missing_is_said_once_for_all_sequences() -> None:
    results = Results(
        cells={},
        reasons={("bertcl", PAIR): "not searched here", ("bertcl", OTHER): "not searched here"},
    )
    table = make_table(layout("flat,bertcl", "p", PAIR, OTHER), results)
    assert table.notes == (
        "flat 2e-5 on sst2:mrpc, mrpc:sst2: not run.",
        "BERTcL on sst2:mrpc, mrpc:sst2: not searched here.",
    )
    assert table.rows[1].cells[0].reason == "not searched here"


def test_a_task_alone_is_a_column_of_its_own() -> None:
    table1 = paper_layout("table1", 2e-5)
    single = CellRuns(
        source=Source(), runs=(), planned=1, accuracies={1000: {(0, 0): 0.92, (1, 1): 0.75}}
    )
    table = make_table(table1, Results(cells={("single@2e-5", PAIR): single}))
    values = [found.values[0] for found in table.rows[0].cells]
    assert table.columns == ("sst2", "mrpc", "mnli", "qnli", "qqp", "rte")
    assert [value.mean for value in values] == [0.92, 0.75, None, None, None, None]
    assert [value.paper for value in values] == [0.925, 0.860, 0.829, 0.905, 0.899, 0.700]


def test_the_papers_numbers_stand_beside_ours() -> None:
    table = make_table(paper_layout("table2", 2e-5), Results(cells={}))
    assert [row.title for row in table.rows] == [
        "flat 2e-5",
        "EWC (MLM) 2e-5",
        "BERTcL",
        "BERTcL combined",
    ]
    assert [value.paper for value in table.rows[3].cells[1].values] == [0.755, 0.916]
    assert any(value.paper is not None for value in table.values())
    assert Column(sequence=PAIR).name == table.columns[0]


def test_a_table_is_called_by_what_its_runs_are_scored_by() -> None:
    results = Results(cells={("flat@2e-5", PAIR): FLAT})
    asked = layout("flat,combined", "p_o-p_s")
    usual, other = make_table(asked, results), make_table(asked, results, score="macro-f1")
    assert usual.measure.startswith("accuracy on the original")
    assert other.measure == usual.measure.replace("accuracy", "macro-F1")
    assert other.quantities == usual.quantities == ("p_o", "p_s")


def test_the_papers_accuracies_do_not_stand_beside_macro_f1() -> None:
    nothing = Results(cells={})
    table = make_table(paper_layout("table2", 2e-5), nothing, score="macro-f1")
    assert all(value.paper is None for value in table.values())
    assert table.notes[0].startswith("The paper's numbers are left out")
    of_others = make_table(layout("flat", "p_o-p_s", ("news", "mrpc")), nothing, score="macro-f1")
    assert not any("paper" in note for note in of_others.notes)
