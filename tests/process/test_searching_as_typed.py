"""The bench of the whole way starts our command as a person does."""

from pathlib import Path

import pytest

from bench.end_to_end import tiny_setting
from bench.sides import search_as_typed
from engine.store.connection import open_store
from engine.store.workers import living_workers


@pytest.mark.process
def test_a_search_as_typed_tells_its_bests_and_leaves_no_worker(tmp_path: Path) -> None:
    with tiny_setting() as setting:
        found = search_as_typed(setting, 3, tmp_path)
    assert found.trials == 3
    assert found.bests
    assert 0 < found.bests[0].seconds <= found.bests[-1].seconds <= found.seconds
    assert all(best.spec.sequence == setting.tasks for best in found.bests)
    assert not living_workers(open_store(str(tmp_path / "studies.db")))
