"""What a store can show without anything being run."""

import pytest
from msgspec.structs import replace
from sqlalchemy import insert

from engine.arena.layouts import free_layout
from engine.arena.measuring import measure_of
from engine.arena.recorded import recorded
from engine.arena.tables import make_table
from engine.spec import Source
from engine.store.connection import Store
from engine.store.run_states import create_run
from engine.store.runs import enter_run
from engine.store.schema import probe
from tests.engine.arena.doing import PROTOCOL, Matrix, do, flat_spec


def enter(store: Store, entrant: str, seed: int, matrix: Matrix, lr: float = 2e-5) -> int:
    run_id = create_run(store, flat_spec(seed, lr))
    do(store, matrix)
    enter_run(store, run_id, entrant, Source())
    return run_id


def test_rows_and_columns_stand_in_the_order_in_which_they_were_asked_for(store: Store) -> None:
    enter(store, "joint@2e-5", 1000, ((0.9,), (0.8, 0.7)))
    run_id = create_run(store, flat_spec(1000, sequence="mrpc:sst2"))
    enter_run(store, run_id, "flat@2e-5", Source())
    (found,) = recorded(store)
    assert [entrant.name for entrant in found.entrants] == ["joint@2e-5", "flat@2e-5"]
    assert found.sequences == (("sst2", "mrpc"), ("mrpc", "sst2"))
    layout = free_layout(found.sequences, found.entrants, measure_of("p"))
    table = make_table(layout, found.results)
    means = [[cell.values[0].mean for cell in row.cells] for row in table.rows]
    assert means == [[1.5, None], [None, None]]
    assert table.notes == (
        "joint 2e-5 on mrpc:sst2: not run.",
        "flat 2e-5 on sst2:mrpc: not run.",
        "flat 2e-5 on mrpc:sst2: 1 queued of 1 runs.",
    )


def test_one_run_may_stand_in_two_rows(store: Store) -> None:
    run_id = enter(store, "flat@2e-5", 1000, ((0.9,), (0.8, 0.7)))
    enter_run(store, run_id, "flat-tuned", Source())
    (found,) = recorded(store)
    assert {key[0] for key in found.results.cells} == {"flat@2e-5", "flat-tuned"}


def test_a_row_has_the_rates_that_it_was_given_last(store: Store) -> None:
    enter(store, "flat-tuned", 1000, ((0.5,), (0.5, 0.5)), lr=1e-5)
    enter(store, "flat-tuned", 1000, ((0.9,), (0.8, 0.7)), lr=3e-5)
    (found,) = recorded(store)
    cell = found.results.cells["flat-tuned", ("sst2", "mrpc")]
    assert [run.spec.options["lr"] for run in cell.runs] == [3e-5]


def test_other_protocols_are_other_tables(store: Store) -> None:
    enter(store, "flat@2e-5", 1000, ((0.9,), (0.8, 0.7)))
    other = replace(flat_spec(1000), protocol=replace(PROTOCOL, epochs=3))
    enter_run(store, create_run(store, other), "flat@2e-5", Source())
    assert [item.protocol.epochs for item in recorded(store)] == [2, 3]


def test_runs_that_were_followed_otherwise_stand_in_one_table(store: Store) -> None:
    enter(store, "flat@2e-5", 1000, ((0.9,), (0.8, 0.7)))
    other = replace(flat_spec(1001), protocol=replace(PROTOCOL, measures_per_epoch=1))
    enter_run(store, create_run(store, other), "flat@2e-5", Source())
    (found,) = recorded(store)
    assert len(found.results.cells["flat@2e-5", ("sst2", "mrpc")].runs) == 2


def test_what_probes_told_of_runs_stands_in_the_table(store: Store) -> None:
    run_id = enter(store, "flat@2e-5", 1000, ((0.9,), (0.6, 0.8)))
    enter(store, "joint@2e-5", 1000, ((0.9,), (0.8, 0.7)))
    told = [(0, 0, 48, 0.92), (1, 0, 10, 0.7), (1, 0, 48, 0.87), (1, 1, 48, 0.8)]
    names = ("stage", "task", "rows", "score")
    with store.writing() as connection:
        rows = [dict(zip(names, each, strict=True)) for each in told]
        connection.execute(insert(probe), [{"run_id": run_id, **row} for row in rows])
    (found,) = recorded(store)
    layout = free_layout(found.sequences, found.entrants, measure_of("lost"))
    first, other = make_table(layout, found.results).rows
    assert [value.mean for value in first.cells[0].values] == [
        pytest.approx(0.05),
        pytest.approx(0.25),
    ]
    assert [value.mean for value in other.cells[0].values] == [None, None]


def test_an_empty_store_has_no_table(store: Store) -> None:
    assert recorded(store) == ()
