"""An empty store for workers."""

from collections.abc import Iterator
from pathlib import Path
from shutil import copyfile

import pytest

from engine.store.connection import Store, open_store


@pytest.fixture
def store(empty_store: Path, tmp_path: Path) -> Iterator[Store]:
    store = open_store(str(copyfile(empty_store, tmp_path / "studies.db")))
    yield store
    store.close()
