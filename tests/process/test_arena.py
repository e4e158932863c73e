"""The arena with real workers: searched, run, printed, paused and gone on with."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from engine.spec import Protocol
from engine.store.connection import Store
from engine.store.runs import entries, runs_on
from engine.store.states import ENDED
from engine.store.studies import find_study
from tests.engine.arena.doing import searched
from tests.process.conftest import PATIENCE, wait_for

pytestmark = pytest.mark.process

PROGRAM = Path(sys.executable).with_name("bertcl-tui")
NAME = "mood:agree"
Words = tuple[object, ...]


@pytest.fixture
def tiny(backbone: Path, tasks: Path) -> Words:
    """Return the words that ask for the tiny model and tasks."""
    rows = ("--epochs", 1, "--train-rows", 32, "--batch-size", 8, "--measures-per-epoch", 1)
    where = ("--model", backbone, "--data", tasks, "--device", "cpu")
    return (*where, *rows, "--slots", 1, "--sequences", NAME)


def begin(folder: Path, words: Iterable[object]) -> "subprocess.Popen[str]":
    """Start a command in the folder of the test's store."""
    return subprocess.Popen(
        [PROGRAM, *map(str, words)],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def answer(folder: Path, *words: object) -> tuple[str, str]:
    """Run a command to its end; return what it printed."""
    with begin(folder, words) as process:
        try:
            out, err = process.communicate(timeout=3 * PATIENCE)
        finally:
            process.kill()
    assert process.returncode == 0, err
    return out, err


def rows(out: str) -> dict[str, Any]:
    """Return the rows of the only table, by entrant."""
    (table,) = json.loads(out)
    return {row["entrant"]: row for row in table["rows"]}


def test_what_rows_need_is_searched_and_run_and_nothing_is_done_twice(
    tmp_path: Path, store: Store, tiny: Words, backbone: Path, tasks: Path
) -> None:
    protocol = Protocol(epochs=1, train_rows=32, batch_size=8, measures_per_epoch=1)
    profile = ([3e-3] * 4, 1.5)
    where = {"data": str(tasks), "model": str(backbone)}
    searched(store, NAME, [profile], name=NAME, protocol=protocol, **where)

    asked = ("arena", *tiny, "--methods", "flat@3e-3,flat-tuned,bertcl,combined", "--seeds", 2)
    out, _ = answer(tmp_path, *asked, "--budget", 2, "--json")
    search = find_study(store, f"{NAME}-flat")
    assert search.spec.search.budget_epochs == 4  # as the recorded stages say
    table = rows(out)
    assert list(table) == ["flat@3e-3", "flat-tuned", "bertcl", "combined"]
    for entrant in ("flat@3e-3", "bertcl", "combined"):
        assert table[entrant]["cells"][0]["runs"] == 2
    # One search of one trial: its best profile is also its combination, so the runs are the same.
    assert table["bertcl"]["cells"][0]["values"] == table["combined"]["cells"][0]["values"]
    assert table["bertcl"]["cells"][0]["seen"]
    assert (table["flat@3e-3"]["tuning_epochs"], table["bertcl"]["tuning_epochs"]) == (0, 4)
    again, told = answer(tmp_path, *asked, "--json")
    assert again == out
    assert "0 new ones, 0 to be done" in told
    (shown,) = json.loads(answer(tmp_path, "arena", "--offline", "--json")[0])
    assert {row["entrant"]: row for row in shown["rows"]} == {
        name: row for name, row in table.items() if row["cells"][0]["wanted"]
    }

    confirming = ("confirm", NAME, "--top", 1, "--seeds", 2, "--slots", 1)
    (trial,) = json.loads(answer(tmp_path, *confirming, "--json")[0])
    of_arena = {item.run.id for item in entries(store)}
    fresh = [run.p or 0 for run in runs_on(store, NAME) if run.id not in of_arena]
    assert (trial["searched"], trial["seeds"], len(fresh)) == (1.5, 2, 2)
    assert trial["confirmed"] == pytest.approx(sum(fresh) / 2)


def test_an_interrupted_table_is_paused_and_goes_on(
    tmp_path: Path, store: Store, tiny: Words
) -> None:
    asked = ("arena", *tiny, "--methods", "flat@3e-3", "--seeds", 2, "--epochs", 10)
    arena = begin(tmp_path, asked)
    wait_for(lambda: any(item.run.step for item in entries(store)), "a step")
    arena.send_signal(signal.SIGINT)
    _, err = arena.communicate(timeout=PATIENCE)
    assert arena.returncode == 130, err
    assert err.endswith("paused; the same command goes on\n")
    wait_for(lambda: not any(r.run.state == "running" for r in entries(store)), "the run to pause")
    assert {item.run.desired for item in entries(store) if item.run.state not in ENDED} == {
        "paused"
    }

    _, told = answer(tmp_path, *asked, "--detach")
    assert "2 runs: 0 new ones" in told
    wait_for(lambda: any(item.run.state in ENDED for item in entries(store)), "a run to end")
