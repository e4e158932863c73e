"""What is told of work that does not get on."""

from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import update

from bertcl_tui.cli import following
from bertcl_tui.cli.following import Tender, standing
from engine.store.connection import open_store
from engine.store.schema import worker
from engine.store.workers import living_workers
from tests.engine.store.test_full_disk import files_of_at_most


def test_a_disk_that_keeps_workers_silent_is_seen_from_the_command(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "_TEND_SECONDS", 0.0)
    with closing(open_store(str(store))) as opened:
        tender = Tender(opened, slots=len(living_workers(opened)))
        with files_of_at_most(0):
            tender.tend("nothing yet")
            assert tender.trouble is None  # one is heard
        with opened.writing() as connection:
            connection.execute(update(worker).values(heartbeat_at=0.0))
        with files_of_at_most(0):
            tender.tend("nothing yet")
        assert tender.trouble is not None
        assert "the disk is full" in standing("queued", None, tender.trouble)
        tender.tend("nothing yet")
        assert tender.trouble is None


def test_what_is_waited_for_is_named() -> None:
    assert standing("queued", None, None) == "queued"
    assert standing("queued", "the hub", None) == "queued: the hub"
    assert standing("lost", "the hub", "the disk is full") == "lost: the disk is full"
