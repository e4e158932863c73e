"""An empty store for workers, in which searches have their tables, too."""

from collections.abc import Iterator
from pathlib import Path
from shutil import copyfile

import pytest

from engine.store.connection import Store, open_store


@pytest.fixture
def store(empty_search: Path, tmp_path: Path) -> Iterator[Store]:
    store = open_store(str(copyfile(empty_search, tmp_path / "studies.db")))
    yield store
    store.close()
