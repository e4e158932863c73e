"""Why studies, runs and workers stand as they do: nothing that waits is silent about it."""

import socket
from pathlib import Path
from typing import Any, get_args

import pytest
from msgspec.structs import replace

from bertcl_tui.store.reader import Reader
from bertcl_tui.store.study_rows import StudyRow, WorkerRow, WorkerState
from bertcl_tui.store.trial_rows import RunRow, StudyState, TrialState
from bertcl_tui.style.standing import (
    at_what,
    standing_of,
    why_idle,
    why_others_wait,
    why_runs_wait,
)
from bertcl_tui.workers.table import waiting_list
from engine.store.states import Desired

_KEY = {"pause_or_resume": "p", "open_workers": "W", "start_worker": "n"}.__getitem__


@pytest.fixture
def study(reader: Reader) -> StudyRow:
    return reader.studies()[0]


@pytest.fixture
def worker(reader: Reader) -> WorkerRow:
    return reader.workers()[0]


def test_a_study_that_waits_says_for_what(study: StudyRow, worker: WorkerRow) -> None:
    waiting = replace(study, state="queued")
    elsewhere = replace(worker, study_id=99)
    free = replace(worker, state="idle", run_id=None, study_id=None)
    resting = replace(free, state="paused", desired="paused")
    dead = replace(worker, state="lost")
    told = {
        (): "there is no worker; p starts one",
        (dead,): "there is no worker; p starts one",
        (elsewhere, elsewhere): "2 workers are at something else",
        (elsewhere, free): "a worker is about to take it",
        (resting,): "every worker is paused; W and p let one go on",
    }
    for workers, why in told.items():
        assert standing_of(waiting, workers, _KEY) == f"waits: {why}"


def test_a_lost_study_says_who_goes_on(study: StudyRow, worker: WorkerRow) -> None:
    lost = replace(study, state="lost")
    assert "p starts another" in standing_of(lost, [replace(worker, state="lost")], _KEY)
    assert "the next that is free" in standing_of(lost, [worker], _KEY)


def test_what_is_on_its_way_is_said_and_what_goes_well_is_not(study: StudyRow) -> None:
    assert standing_of(study, [], _KEY) == ""
    assert standing_of(replace(study, desired="paused"), [], _KEY).startswith("pausing")
    assert standing_of(replace(study, desired="stopped"), [], _KEY).startswith("stopping")


def test_a_failed_study_says_why(study: StudyRow) -> None:
    failed = replace(study, state="failed", reason="no task named sst3")
    assert standing_of(failed, [], _KEY) == "failed: no task named sst3; p lets it go on"


@pytest.fixture
def run() -> RunRow:
    return RunRow(
        run_id=7,
        state="queued",
        desired="running",
        step=0,
        steps=None,
        rate=None,
        tokens_rate=None,
    )


@pytest.fixture
def free(worker: WorkerRow) -> WorkerRow:
    return replace(worker, state="idle", run_id=None, study_id=None, study=None, names=())


def test_a_study_whose_sampler_is_asked_says_so(study: StudyRow) -> None:
    asked = replace(study, counts={}, proposer_id=1)
    assert standing_of(asked, [], _KEY) == "its sampler is asked for the next trial"


def test_why_not_all_of_a_study_that_runs_is_under_way(
    study: StudyRow, worker: WorkerRow, free: WorkerRow
) -> None:
    busy = [replace(worker, study_id=study.id)]
    given_back = "waits for #3, which learns the same first stage"
    told: list[tuple[dict[str, Any], list[WorkerRow], str]] = [
        ({"waits_for": given_back}, busy, given_back),
        ({"first_stage": "#0"}, busy, "wait for stage 1, which #0 learns for all"),
        ({"in_order": 1}, busy, "in order, 1 at once: the next comes when one ends"),
        ({"proposer_id": 1}, busy, "its sampler is asked for the next trial"),
        ({}, [*busy, free], "a worker is about to take the next"),
        ({}, busy, "1 worker is at it; the next comes when a trial ends"),
        (
            {"counts": {"paused": 1}, "target": 1},
            busy,
            "paused alone; p in its Trial lets it go on",
        ),
    ]
    for facts, workers, why in told:
        assert why_others_wait(replace(study, **facts), workers, _KEY) == why


def test_runs_of_the_arena_say_what_they_wait_for(
    run: RunRow, worker: WorkerRow, free: WorkerRow
) -> None:
    paused = replace(run, state="paused", desired="paused")
    stage = replace(run, reason="waits for run 3, which learns the same first stage")
    resting = replace(free, state="paused", desired="paused")
    told = [
        (paused, [worker], "paused; p lets them go on"),
        (run, [], "there is no worker; n among the workers starts one"),
        (stage, [free], stage.reason),
        (run, [free], "a worker is about to take the next"),
        (run, [resting], "every worker is paused; W and p let one go on"),
        (run, [worker], "1 worker is at work; the next comes when a run ends"),
    ]
    for waiting, workers, why in told:
        assert why_runs_wait([waiting], workers, _KEY) == why


def test_a_worker_without_a_run_says_why(study: StudyRow, free: WorkerRow, run: RunRow) -> None:
    device = "waits for a worker that can use cuda"
    name = study.name
    told: list[tuple[dict[str, Any], str]] = [
        ({"proposer_id": free.id}, f"asks the sampler of {name} for a trial"),
        ({"proposer_id": 99}, f"waits for its turn at the sampler of {name}"),
        ({"first_stage": "#0"}, f"waits for stage 1 of {name}, which #0 learns"),
        ({"in_order": 1}, f"waits for a trial of {name} to end, which is in order"),
        ({"state": "queued", "reason": device}, f"{name}: {device}"),
        ({"state": "queued"}, f"is about to take a trial of {name}"),
        ({"state": "paused", "desired": "paused"}, "nothing to do"),
    ]
    for facts, why in told:
        assert at_what(free, why_idle(free, [replace(study, **facts)], [])) == why
    assert why_idle(free, [], [run]) == "is about to take a run of the arena"
    assert why_idle(free, [], [replace(run, reason="the disk is full")]) == (
        "arena: the disk is full"
    )


def test_only_what_shall_go_on_waits_for_memory(
    study: StudyRow, worker: WorkerRow, tmp_path: Path
) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "bert"}', encoding="utf-8")
    with (tmp_path / "model.safetensors").open("wb") as weights:
        weights.truncate(2**42)  # 4 TiB that take no room
    large = replace(study, state="queued", model=str(tmp_path), target=99)
    resting = replace(large, id=99, state="paused", desired="paused")
    here = replace(worker, state="running", study_id=99, host=socket.gethostname())
    goes_on, paused = waiting_list([large, resting], [], [here], str)
    assert goes_on.why.endswith("; there is memory for 1 worker only")
    assert "memory" not in paused.why


def test_nothing_that_waits_is_silent(
    study: StudyRow, worker: WorkerRow, free: WorkerRow, run: RunRow
) -> None:
    over = {"complete", "stopped"}
    for state in get_args(StudyState):
        for desired in get_args(Desired):
            for workers in ([], [worker], [free], [replace(free, state="lost")]):
                row = replace(study, state=state, desired=desired)
                assert all(item.why for item in waiting_list([row], [], workers, str)), (
                    state,
                    desired,
                )
                assert state in over or waiting_list([row], [], workers, str)
    for run_state in ("queued", "paused", "stalled", "lost"):
        waiting: TrialState = run_state  # type: ignore[assignment]
        for desired in get_args(Desired):
            (item,) = waiting_list(
                [], [replace(run, state=waiting, desired=desired)], [worker], str
            )
            assert item.why
    for worker_state in get_args(WorkerState):
        for desired in get_args(Desired):
            resting = replace(free, state=worker_state, desired=desired)
            assert at_what(resting, why_idle(resting, [study], [run]))
