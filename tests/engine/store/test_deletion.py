"""Deleting: hidden at once, let be by workers, gone after a minute; till then it can come back."""

from pathlib import Path

import pytest
from sqlalchemy import select, update

from engine.errors import UsageError
from engine.store.connection import Store, open_store
from engine.store.deletion import hide_studies, purge, restore_latest
from engine.store.demand import work_wanted
from engine.store.leases import has_orphans
from engine.store.remarks import change_marks, marks
from engine.store.run_states import claim_run, desired_of, release_run
from engine.store.runs import get_run
from engine.store.schema import run, study
from engine.store.searches import studies_wanting_trials
from engine.store.states import UNDO_SECONDS
from engine.store.studies import create_study, find_study, free_name, get_study, study_ids
from tests.engine.store.conftest import kill_holder, new_study, new_trial, new_worker, study_spec


def _rows(store: Store) -> list[object]:
    """Return all that is known of studies and runs, but for what changes by itself."""
    with store.reading() as connection:
        studies = connection.execute(select(study).order_by(study.c.id)).all()
        runs = connection.execute(select(run).order_by(run.c.id)).all()
    return [*studies, *runs]


def _a_minute_passes(store: Store) -> None:
    with store.writing() as connection:
        earlier = study.c.deleted_at - UNDO_SECONDS - 1
        connection.execute(update(study).values(deleted_at=earlier))


def test_what_was_deleted_is_in_no_list_and_is_had_back_as_it_was(store: Store) -> None:
    kept, gone = new_study(store, "kept"), new_study(store, "gone")
    new_trial(store, gone, 0)
    change_marks(store, gone, on=[0])
    before = _rows(store)
    hide_studies(store, [gone])
    assert study_ids(store) == [kept]
    assert studies_wanting_trials(store) == [kept]
    assert marks(store) == {}
    with pytest.raises(UsageError, match="no study named 'gone'"):
        find_study(store, "gone")
    assert restore_latest(store) == ["gone"]
    assert _rows(store) == before
    with pytest.raises(UsageError, match="no deleted study can be had back"):
        restore_latest(store)


def test_the_last_deletion_is_undone_first(store: Store) -> None:
    ids = [new_study(store, name) for name in "abc"]
    hide_studies(store, ids[:1])
    with store.writing() as connection:  # a while ago
        connection.execute(update(study).values(deleted_at=study.c.deleted_at - 9))
    hide_studies(store, ids[1:])
    assert restore_latest(store) == ["b", "c"]
    assert restore_latest(store) == ["a"]


def test_no_worker_takes_a_run_of_it_and_who_has_one_gives_it_back(store: Store) -> None:
    study_id, worker_id, other = new_study(store, "gone"), new_worker(store), new_worker(store, 101)
    held, waiting = new_trial(store, study_id, 0), new_trial(store, study_id, 1)
    taken = claim_run(store, worker_id, threads=1)
    assert taken is not None
    assert taken.id == held
    assert work_wanted(store, ["auto", "cpu"]) > 0
    hide_studies(store, [study_id])
    assert desired_of(store, held, worker_id) == "paused"
    assert claim_run(store, other, threads=1) is None
    assert work_wanted(store, ["auto", "cpu"]) == 0
    release_run(store, held, worker_id, state="paused", busy_seconds=1.0)
    assert claim_run(store, other, threads=1) is None
    restore_latest(store)
    again = claim_run(store, other, threads=1)
    assert again is not None
    assert again.id == held
    assert get_run(store, waiting).desired == "running"


def test_a_run_that_lost_its_worker_calls_for_none_where_it_was_deleted(store: Store) -> None:
    study_id, worker_id = new_study(store, "gone"), new_worker(store)
    run_id = new_trial(store, study_id, 0)
    claim_run(store, worker_id, threads=1)
    kill_holder(store, run_id)
    assert has_orphans(store)
    hide_studies(store, [study_id])
    assert not has_orphans(store)


def test_after_a_minute_it_is_gone_but_not_while_a_worker_is_at_it(store: Store) -> None:
    study_id, worker_id = new_study(store, "gone"), new_worker(store)
    run_id = new_trial(store, study_id, 0)
    claim_run(store, worker_id, threads=1)
    hide_studies(store, [study_id])
    assert purge(store) == []
    _a_minute_passes(store)
    assert purge(store) == []
    assert get_study(store, study_id).name == "gone"
    release_run(store, run_id, worker_id, state="paused", busy_seconds=1.0)
    assert purge(store) == [study_id]
    assert _rows(store) == []


def test_who_was_killed_in_between_left_nothing_half_done(tmp_path: Path) -> None:
    path = tmp_path / "studies.db"
    first = open_store(str(path))
    study_id = new_study(first, "gone")
    new_trial(first, study_id, 0)
    hide_studies(first, [study_id])
    first.close()
    later = open_store(str(path))
    assert study_ids(later) == []
    _a_minute_passes(later)
    assert purge(later) == [study_id]
    assert _rows(later) == []
    later.close()


def test_its_name_is_free_for_another_at_once(store: Store) -> None:
    study_id = new_study(store, "again")
    hide_studies(store, [study_id])
    assert free_name(store, "again") == "again-2"  # it may be had back
    another = create_study(store, study_spec("again"))
    assert another > study_id
    with pytest.raises(UsageError, match="no deleted study can be had back"):
        restore_latest(store)


def test_a_name_whose_worker_has_not_let_go_is_not_free_yet(store: Store) -> None:
    study_id, worker_id = new_study(store, "again"), new_worker(store)
    new_trial(store, study_id, 0)
    claim_run(store, worker_id, threads=1)
    hide_studies(store, [study_id])
    with pytest.raises(UsageError, match="deleted just now, and its worker has not let go"):
        create_study(store, study_spec("again"))
