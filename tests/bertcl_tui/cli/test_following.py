"""What is told of work that does not get on."""

from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import update

from bertcl_tui.cli import following
from bertcl_tui.cli.following import follow_runs, follow_search, follow_studies, standing
from bertcl_tui.cli.stores import opened
from engine.errors import EngineError
from engine.store.connection import open_store
from engine.store.run_states import claim_run, control_run, create_run, release_run
from engine.store.schema import worker
from engine.store.states import SET_ASIDE
from engine.store.studies import control_study
from engine.store.workers import living_workers
from engine.work import tending
from engine.work.tending import Tender
from tests.engine.store.conftest import new_study, new_worker, run_spec
from tests.engine.store.test_full_disk import files_of_at_most
from tests.recorded import PAUSED


def test_a_disk_that_keeps_workers_silent_is_seen_from_the_command(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tending, "_TEND_SECONDS", 0.0)
    with closing(open_store(str(store))) as own:
        tender = Tender(own, slots=len(living_workers(own)))
        with files_of_at_most(0):
            tender.tend("nothing yet")
            assert tender.trouble is None  # one is heard
        with own.writing() as connection:
            connection.execute(update(worker).values(heartbeat_at=0.0))
        with files_of_at_most(0):
            tender.tend("nothing yet")
        assert tender.trouble is not None
        assert "the disk is full" in standing("queued", None, tender.trouble)
        tender.tend("nothing yet")
        assert tender.trouble is None


def test_nobody_is_started_while_all_is_paused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "LOOK_SECONDS", 0.0)
    with opened(str(tmp_path / "new.db"), create=True) as at:
        study_id, run_id = new_study(at.store), create_run(at.store, run_spec())
        control_study(at.store, study_id, "paused")
        control_run(at.store, run_id, "paused")
        for follow in (
            partial(follow_studies, at, [study_id]),
            partial(follow_runs, at, [run_id]),
        ):
            with pytest.raises(Enough):
                follow(Limited(at.store, slots=1))
        assert not living_workers(at.store)


class Enough(Exception):  # noqa: N818 - no error
    """Was waited for long enough."""


class Limited(Tender):
    """Looks after workers three times."""

    looks = 0

    def tend(self, progress: object) -> None:
        super().tend(progress)
        self.looks += 1
        if self.looks == 3:
            raise Enough


def test_a_search_that_waits_for_a_person_is_followed_no_longer(store: Path) -> None:
    with opened(str(store)) as at:
        study = at.study(PAUSED)
        control_study(at.store, study.id, "paused", f"{SET_ASIDE}no model folder 'm'")
        with pytest.raises(EngineError, match="is paused, set aside: no model folder 'm'"):
            follow_search(at, study, Tender(at.store), str(store))


def test_runs_are_followed_no_longer_when_all_that_are_left_wait_for_a_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "LOOK_SECONDS", 0.0)
    with opened(str(tmp_path / "new.db"), create=True) as at:
        gone, other = (create_run(at.store, run_spec()) for _ in range(2))
        holder = new_worker(at.store)
        claim_run(at.store, holder, threads=1)
        control_run(at.store, gone, "paused")
        reason = f"{SET_ASIDE}no model folder 'm'"
        release_run(at.store, gone, holder, state="paused", reason=reason, busy_seconds=0.0)
        with pytest.raises(Enough):
            follow_runs(at, [gone, other], Limited(at.store, slots=0))
        control_run(at.store, other, "stopped")
        with pytest.raises(EngineError, match=f"run {gone} is paused, set aside: no model folder"):
            follow_runs(at, [gone, other], Limited(at.store, slots=0))


def test_what_is_waited_for_is_named() -> None:
    assert standing("queued", None, None) == "queued"
    assert standing("queued", "the hub", None) == "queued: the hub"
    assert standing("lost", "the hub", "the disk is full") == "lost: the disk is full"
