import pytest

from engine.arena.layouts import LAYOUTS, paper_layout
from engine.errors import UsageError


@pytest.mark.parametrize("name", [name for name in LAYOUTS if name != "free"])
def test_every_table_of_the_paper_has_a_number_for_every_cell(name: str) -> None:
    layout = paper_layout(name, 1e-5)
    cells = {
        (entrant.name, column.name) for entrant in layout.entrants for column in layout.columns
    }
    assert set(layout.paper) == cells
    assert {len(numbers) for numbers in layout.paper.values()} == {len(layout.measure.quantities)}


def test_table_3_is_of_sequences_that_nobody_searched_on() -> None:
    layout = paper_layout("table3", 2e-5)
    assert not set(layout.sequences) & set(layout.searched_sequences)
    assert paper_layout("table2", 2e-5).sequences == layout.searched_sequences


def test_table_1_learns_each_task_once() -> None:
    layout = paper_layout("table1", 2e-5)
    assert sorted(task for sequence in layout.sequences for task in sequence) == sorted(
        column.name for column in layout.columns
    )


def test_an_unknown_layout_is_refused() -> None:
    with pytest.raises(UsageError, match=r"no layout named 'table5'; did you mean 'table4'\? Use"):
        paper_layout("table5", 2e-5)
