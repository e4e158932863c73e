"""The command line with real workers: searches followed, interrupted, resumed, left alone."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from engine.errors import UsageError
from engine.spec import StudySpec
from engine.store.connection import Store
from engine.store.runs import RunRecord, trials_of
from engine.store.states import ENDED
from engine.store.studies import create_study, find_study
from engine.store.workers import living_workers, write_log
from tests.process.conftest import LEARNS_WELL, PATIENCE, wait_for

pytestmark = pytest.mark.process

PROGRAM = Path(sys.executable).with_name("bertcl-tui")
NAME = "mood:agree"

Begin = Callable[..., "subprocess.Popen[str]"]
Call = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def begin(tmp_path: Path) -> Begin:
    """Start a command in the folder of the test's store."""

    def begun(*words: object, **environment: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [PROGRAM, *map(str, words)],
            cwd=tmp_path,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return begun


@pytest.fixture
def call(begin: Begin) -> Call:
    """Run a command to its end."""

    def called(*words: object, **environment: str) -> "subprocess.CompletedProcess[str]":
        process = begin(*words, **environment)
        out, err = process.communicate(timeout=PATIENCE)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    return called


@pytest.fixture
def tiny(backbone: Path, tasks: Path) -> tuple[object, ...]:
    """Return the words that ask for the tiny model and tasks."""
    rows = ("--epochs", 2, "--train-rows", 64, "--batch-size", 8, "--measures-per-epoch", 1)
    return (NAME, "--model", backbone, "--data", tasks, *rows, "--device", "cpu")


def ended(store: Store, study_id: int) -> list[RunRecord]:
    return [trial for trial in trials_of(store, study_id) if trial.state in ENDED]


def test_a_search_is_followed_until_its_budget_is_spent(
    call: Call, store: Store, tiny: tuple[object, ...]
) -> None:
    asked = ("--method", "flat", "--budget", 3, "--pruner", "none", "--slots", 1)
    done = call("search", *tiny, *asked, "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert (answer["study"]["name"], answer["study"]["state"]) == (NAME, "complete")
    spent, budget = (answer["study"]["spending"][name] for name in ("spent", "budget"))
    assert spent >= budget == 3
    trials = answer["trials"]
    assert sorted(trial["number"] for trial in trials) == [*range(len(trials))]
    assert len(trials) < answer["study"]["target"]
    assert all(len(set(trial["learning_rates"])) == 1 for trial in trials)
    assert f"study {NAME}: 60 trials, at most 3 epochs" in done.stderr
    assert "trial 0 (" in done.stderr
    assert f"{spent:g}/3 epochs" in done.stderr
    study = find_study(store, NAME)
    assert study.spec.data == str(tiny[4])
    assert len(ended(store, study.id)) == len(trials)


def test_an_interrupted_search_is_paused_and_can_be_resumed(
    begin: Begin, call: Call, store: Store, tiny: tuple[object, ...]
) -> None:
    search = begin("search", *tiny, "--trials", 500, "--slots", 1)
    wait_for(lambda: bool(_trials(store)), "a trial")
    search.send_signal(signal.SIGINT)
    _, err = search.communicate(timeout=PATIENCE)
    assert search.returncode == 130
    assert err.endswith(f"paused; go on with: bertcl-tui resume {NAME}\n")
    study = find_study(store, NAME)
    assert study.desired == "paused"
    wait_for(lambda: not any(t.state == "running" for t in _trials(store)), "the trial to pause")

    before = len(ended(store, study.id))
    assert call("resume", NAME, "--slots", 1).returncode == 0
    wait_for(lambda: len(ended(store, study.id)) > before, "the study to go on")
    assert call("stop", NAME).returncode == 0
    assert json.loads(call("studies", "--json").stdout)[0]["state"] in {"running", "stopped"}


def test_a_detached_search_goes_on_alone(
    call: Call, store: Store, tiny: tuple[object, ...]
) -> None:
    done = call("search", *tiny, "--trials", 1, "--slots", 1, "--detach")
    assert (done.returncode, done.stdout) == (0, f"{NAME}\n")
    (worker,) = json.loads(call("workers", "--json").stdout)
    assert worker["pid"] == living_workers(store)[0].identity.pid
    study = find_study(store, NAME)
    wait_for(lambda: len(ended(store, study.id)) == 1, "the trial to end")


def test_a_run_prints_what_came_of_it(call: Call, tiny: tuple[object, ...]) -> None:
    done = call("run", *tiny, "--train-rows", 128, "--lr", LEARNS_WELL, "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["label"] == "flat 3e-3"
    assert answer["learning_rates"] == [LEARNS_WELL] * 4
    (first,), (p_o, p_s) = answer["accuracy"]["search"]["matrix"]
    assert (answer["p_o"], answer["p_s"]) == (p_o, p_s)
    assert first > 0.7


def test_a_worker_in_the_foreground_gives_its_run_back_or_works_until_there_is_nothing_to_do(
    begin: Begin, call: Call, store: Store, study_spec: StudySpec
) -> None:
    search = replace(study_spec.search, trials=1)
    study = create_study(store, replace(study_spec, search=search))
    worker = begin("worker", "--device", "cpu", "--slots", 1)
    wait_for(lambda: any(trial.step for trial in trials_of(store, study)), "a step")
    worker.send_signal(signal.SIGINT)
    _, err = worker.communicate(timeout=PATIENCE)
    assert worker.returncode == 0, err
    assert living_workers(store) == []
    assert not any(trial.state in {"running", *ENDED} for trial in trials_of(store, study))

    done = call("worker", "--until-idle", "--slots", 1, "--device", "cpu")
    assert (done.returncode, done.stdout) == (0, "")
    assert "nothing to do" in done.stderr
    assert len(ended(store, study)) == search.trials
    assert living_workers(store) == []


def test_what_the_check_finds_is_told_and_nothing_is_left(
    call: Call, tmp_path: Path, tiny: tuple[object, ...]
) -> None:
    done = call(
        "search", NAME, "--data", tiny[4], "--store", "other.db", HF_HUB_OFFLINE="1", HF_HOME="hub"
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1].startswith("error: ")
    assert "bert-base-uncased" in done.stderr
    assert not (tmp_path / "other.db").exists()


def _trials(store: Store) -> list[RunRecord]:
    try:
        return trials_of(store, find_study(store, NAME).id)
    except UsageError:
        return []


def test_the_log_is_followed_until_it_is_interrupted(begin: Begin, store: Store) -> None:
    write_log(store, "info", "long ago")
    process = begin("log", "--follow", "--json", "-n", 1)
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["text"] == "long ago"
    for text in ("now", "and then"):
        write_log(store, "warning", text)
        assert json.loads(process.stdout.readline())["text"] == text
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE) == 130
    assert process.stderr is not None
    assert process.stderr.read() == ""
