"""Why a study stands as it does."""

import pytest
from msgspec.structs import replace

from bertcl_tui.store.reader import Reader
from bertcl_tui.store.study_rows import StudyRow, WorkerRow
from bertcl_tui.style.looks import standing_of


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
        (): "there is no worker; space starts one",
        (dead,): "there is no worker; space starts one",
        (elsewhere, elsewhere): "2 workers are at something else",
        (elsewhere, free): "a worker is about to take it",
        (resting,): "every worker is paused; W and space let one go on",
    }
    for workers, why in told.items():
        assert standing_of(waiting, workers) == f"waits: {why}"


def test_a_lost_study_says_who_goes_on(study: StudyRow, worker: WorkerRow) -> None:
    lost = replace(study, state="lost")
    assert "space starts another" in standing_of(lost, [replace(worker, state="lost")])
    assert "the next that is free" in standing_of(lost, [worker])


def test_what_is_on_its_way_is_said_and_what_goes_well_is_not(study: StudyRow) -> None:
    assert standing_of(study, []) == ""
    assert standing_of(replace(study, desired="paused"), []).startswith("pausing")
    assert standing_of(replace(study, desired="stopped"), []).startswith("stopping")


def test_a_failed_study_says_why(study: StudyRow) -> None:
    failed = replace(study, state="failed", reason="no task named sst3")
    assert standing_of(failed, []) == "failed: no task named sst3; space lets it go on"
