"""pause and stop, over a recorded store; resume starts processes and is tested with those."""

from contextlib import closing
from pathlib import Path

from engine.store.connection import open_store
from engine.store.studies import find_study
from tests.bertcl_tui.cli.conftest import Ask
from tests.engine.arena.doing import searched
from tests.recorded import DONE, LIVE, PAUSED


def desired(store: Path, name: str) -> str:
    opened = open_store(str(store))
    try:
        return find_study(opened, name).desired
    finally:
        opened.close()


def test_pause(ask: Ask, store: Path) -> None:
    answer = ask("pause", LIVE, "--store", store)
    assert (answer.code, answer.out) == (0, "")
    assert answer.err == f"study {LIVE}: paused\n"
    assert desired(store, LIVE) == "paused"


def test_stop_several(ask: Ask, store: Path) -> None:
    assert ask("stop", LIVE, PAUSED, "--store", store).code == 0
    assert desired(store, LIVE) == desired(store, PAUSED) == "stopped"


def test_a_complete_study_cannot_be_paused_and_nothing_else_is(ask: Ask, store: Path) -> None:
    answer = ask("pause", LIVE, DONE, "--store", store)
    assert answer.code == 2
    assert answer.err == f"error: study '{DONE}' is complete; see bertcl-tui show {DONE}\n"
    assert desired(store, LIVE) == "running"


def test_a_stopped_study_is_not_paused(ask: Ask, store: Path) -> None:
    ask("stop", PAUSED, "--store", store)
    answer = ask("pause", PAUSED, "--store", store)
    assert (answer.code, answer.err) == (
        2,
        f"error: study '{PAUSED}' is stopped; resume lets it go on\n",
    )


def test_what_cannot_be_run_again_says_why(ask: Ask, store: Path) -> None:
    answer = ask("retry", LIVE, 99, "--store", store)
    assert answer.code == 2
    assert f"study '{LIVE}' has no trial 99; see bertcl-tui trials" in answer.err
    answer = ask("retry", LIVE, "0,x", "--store", store)
    assert answer.code == 2
    assert answer.err == "error: trials '0,x' cannot be read; write them like 1,4,7-9\n"
    answer = ask("retry", LIVE, "97-98,99", "--store", store)
    assert f"study '{LIVE}' has no trial 97" in answer.err
    answer = ask("retry", DONE, "--store", store)
    assert answer.code == 2
    assert f"no trial of '{DONE}' failed or was stopped; name those" in answer.err


def test_what_goes_on_alone_names_the_command_that_shows_it(
    ask: Ask, store: Path, backbone: Path, tasks: Path
) -> None:
    with closing(open_store(str(store))) as opened:
        where = {"data": str(tasks), "model": str(backbone)}
        searched(opened, "mood:agree", [([3e-3] * 4, 1.5)], name="tiny", **where)
    here = ("--store", store)  # its one living worker has the slot
    answer = ask("confirm", "tiny", "--top", 1, "--seeds", 1, "--detach", "--slots", 1, *here)
    shown_by = f"bertcl-tui confirm tiny --offline --store {store}"
    assert answer.err == f"1 run in the background; see {shown_by}\n"
    assert (answer.code, answer.out) == (0, "")
