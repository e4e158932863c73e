"""What is told of work that does not get on."""

from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import update

from bertcl_tui.cli.following import follow_search, standing
from bertcl_tui.cli.stores import opened
from engine.errors import EngineError
from engine.store.connection import open_store
from engine.store.schema import worker
from engine.store.states import SET_ASIDE
from engine.store.studies import control_study
from engine.store.workers import living_workers
from engine.work import tending
from engine.work.tending import Tender
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


def test_a_search_that_waits_for_a_person_is_followed_no_longer(store: Path) -> None:
    with opened(str(store)) as at:
        study = at.study(PAUSED)
        control_study(at.store, study.id, "paused", f"{SET_ASIDE}no model folder 'm'")
        with pytest.raises(EngineError, match="is paused, set aside: no model folder 'm'"):
            follow_search(at, study, Tender(at.store), str(store))


def test_what_is_waited_for_is_named() -> None:
    assert standing("queued", None, None) == "queued"
    assert standing("queued", "the hub", None) == "queued: the hub"
    assert standing("lost", "the hub", "the disk is full") == "lost: the disk is full"
