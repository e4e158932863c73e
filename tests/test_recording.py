"""The script that records what the documents show, and the plans that it goes by."""

from pathlib import Path

import pytest

from assets.record import INTERRUPTED, PARTS, PLANS, command_of, record
from bertcl_tui.arena.planned import ask_by_plan
from engine.arena.declared import read_plan
from engine.arena.entrants import DEFAULT_RATE
from engine.arena.layouts import paper_layout
from engine.spec import sequence_name


def test_every_plan_is_a_part() -> None:
    assert {path.stem for path in PLANS.glob("*.toml")} == set(PARTS)


@pytest.mark.sample
def test_pairs_and_the_sequence_of_five_tasks_share_their_searches() -> None:
    plans = [read_plan(PLANS / f"{part}.toml") for part in ("pairs", "five-tasks")]
    requests = [ask_by_plan(plan, "").request for plan in plans]
    assert len({request.table.protocol for request in requests}) == 1
    assert len({request.searched for request in requests}) == 1
    assert all(request.searched for request in requests)


def test_glue_is_searched_on_the_first_table_of_the_paper_and_tried_on_the_second_too() -> None:
    plan = read_plan(PLANS / "glue.toml").file
    seen, unseen = (paper_layout(name, DEFAULT_RATE).sequences for name in ("table2", "table3"))
    assert plan.sequences == tuple(map(sequence_name, (*seen, *unseen)))
    assert plan.search_on == tuple(map(sequence_name, seen))


def test_the_command_that_fails_is_the_last_one(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    store = str(tmp_path / "recording.db")
    missing = ["arena", "--plan", str(tmp_path / "none.toml"), "--store", store]
    assert record([missing, command_of(PARTS[0], store, 2)]) == 2
    out, err = capfd.readouterr()
    assert out.splitlines() == [f"$ bertcl-tui {' '.join(missing)}"]
    assert "none.toml cannot be read" in err
    assert not Path(store).exists()


def test_where_no_time_is_left_nothing_is_begun(tmp_path: Path) -> None:
    store = tmp_path / "recording.db"
    assert record([command_of(PARTS[0], str(store), 2)], minutes=0) == INTERRUPTED
    assert not store.exists()
