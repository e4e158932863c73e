"""The script that records what the documents show, and the plans that it goes by."""

from pathlib import Path

import pytest

from assets.record import INTERRUPTED, PARTS, PLANS, command_of, record
from bertcl_tui.arena.planned import ask_by_plan
from engine.arena.declared import read_plan


def test_every_plan_is_a_part() -> None:
    assert {path.stem for path in PLANS.glob("*.toml")} == set(PARTS)


@pytest.mark.sample
def test_parts_can_be_asked_for_and_share_their_searches() -> None:
    plans = [read_plan(PLANS / f"{part}.toml") for part in PARTS]
    requests = [ask_by_plan(plan, "").request for plan in plans]
    assert len({request.table.protocol for request in requests}) == 1
    assert len({request.searched for request in requests}) == 1
    assert all(request.searched for request in requests)


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
