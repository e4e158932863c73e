"""A look at the arena: which table, how far its cells are, and what is said of them."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from bertcl_tui.arena.curves import CellCurves, on_rows
from bertcl_tui.arena.launching import asked_layout
from bertcl_tui.arena.look import Look, Question, look_at_arena, recorded_tables
from bertcl_tui.arena.runs_table import cell_facts
from bertcl_tui.store.reader import Reader
from bertcl_tui.store.trial_rows import RunCurves
from engine.spec import Protocol
from engine.store.connection import open_store
from tests.recorded import empty_store
from tests.recorded_arena import OTHER, PROTOCOL, SEEN, TURNED, UNFINISHED

FLAT, TUNED, EWC, BERTCL, COMBINED, PUBLISHED = range(6)


def look_at(reader: Reader, question: Question | None = None) -> Look:
    look = look_at_arena(reader, question or Question())
    assert look is not None
    return look


def test_it_opens_on_all_that_was_run_under_the_first_setting(arena_reader: Reader) -> None:
    look = look_at(arena_reader)
    assert look.table.columns == ("sst2:mrpc", "mrpc:sst2", "rte:mrpc")
    assert [row.title for row in look.table.rows] == [
        "flat 2e-5",
        "flat tuned",
        "EWC (task) @ flat tuned",
        "BERTcL",
        "BERTcL combined",
        "BERTcL published",
    ]
    assert look.recorded.protocol == PROTOCOL.scoring()
    assert len(look.settings) == 2


@pytest.mark.parametrize("layout", ["free", "table1", "table2", "table3"])
@pytest.mark.parametrize("measure", ["", "p", "forgetting"])
def test_its_tables_are_those_of_the_command_line(
    arena_store: Path, arena_reader: Reader, layout: str, measure: str
) -> None:
    look = look_at(arena_reader, Question(layout=layout, measure=measure))
    store = open_store(str(arena_store))
    shape = asked_layout(layout, "", "", measure, 2e-5)
    texts = {"data": "hub", "train_rows": "800", "eval_rows": "1000"}
    (table,) = recorded_tables(store, shape, texts)
    store.close()
    assert look.table == table


def test_questions_turn_through_layouts_measures_and_settings(arena_reader: Reader) -> None:
    question, layouts, measures = Question(), [], []
    for _ in range(6):
        layouts.append(question.layout)
        question = question.next_layout()
    assert layouts == ["free", "table1", "table2", "table3", "table4", "free"]
    question = Question()
    for _ in range(8):
        measures.append(question.measure)
        question = question.next_measure()
    assert measures == ["", "p", "acc", "bwt", "forgetting", "before-after", "lost", ""]
    assert Question(layout="table1").next_measure() == Question(layout="table1")
    look = look_at(arena_reader)
    other = look_at(arena_reader, Question(of=look.next_setting))
    assert (look.setting, other.setting) == (0, 1)
    assert other.recorded.protocol == OTHER.scoring()
    assert other.next_setting == look.settings[0]


def test_how_far_the_runs_of_a_cell_are(arena_reader: Reader) -> None:
    look = look_at(arena_reader)
    columns = [column.sequence for column in look.layout.columns]
    full = look.tallies[FLAT][columns.index(SEEN)]
    assert full is not None
    assert (full.complete, full.planned, full.others) == (5, 5, ())
    begun = look.tallies[PUBLISHED][columns.index(UNFINISHED)]
    assert begun is not None
    assert (begun.complete, begun.planned, begun.share) == (1, 5, 0.5)
    assert begun.others == (("running", 1), ("queued", 1), ("paused", 1), ("failed", 1))
    assert look.tallies[BERTCL][columns.index(TURNED)] is None


def test_what_is_said_of_a_cell(arena_reader: Reader) -> None:
    look = look_at(arena_reader)
    value = look.cell(EWC, 0).values[0]
    flat = look.cell(FLAT, 0).values[0]
    assert value.mean is not None
    assert flat.mean is not None
    assert value.p_value is not None
    compared, rates = cell_facts(look, EWC, 0)
    assert compared.startswith(
        f"against flat 2e-5: p_o {value.mean - flat.mean:+.3f} "
        f"(p-value {value.p_value:.3f}*) · p_s −"
    )
    assert rates == (
        "lr 1e-5, importance 1000, rows 256, gamma 0, fisher exact, penalty coupled · "
        "from sst2:mrpc-flat (48 epochs on sst2:mrpc)"
    )
    assert cell_facts(look, FLAT, 0) == ["the row that the others are compared with", "lr 2e-5"]
    assert cell_facts(look, BERTCL, 1) == ["Nothing here: not run."]
    compared, rates = cell_facts(look, PUBLISHED, 2)
    assert "(not tested)" in compared
    assert "9.2e-7 to 1.1e-5 · published by the paper's authors †" in rates
    assert "searched on sst2:mrpc, mrpc:sst2" in rates


def test_a_store_without_an_arena_has_no_look(tmp_path: Path) -> None:
    for path in (tmp_path / "none.db", empty_store(tmp_path / "empty.db")):
        reader = Reader(str(path))
        assert look_at_arena(reader, Question()) is None
        reader.close()


def test_curves_say_which_rows_they_are_on() -> None:
    run = RunCurves(run_id=1, number=None, stages=(), curves=())
    cell = CellCurves(
        title="BERTcL",
        seeds=((1, run),),
        reference="",
        referred=(),
        protocol=Protocol(retention_rows=24),
    )
    assert on_rows(cell) == "on 24 rows, ends on all held-out"
    assert on_rows(replace(cell, protocol=Protocol(selection="validation"))) == (
        "on 256 rows, ends on all"
    )
    assert on_rows(replace(cell, seeds=())) == ""
