"""An empty store for workers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.store.connection import Store, open_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(str(tmp_path / "studies.db"))
    yield store
    store.close()
