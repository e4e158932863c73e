"""Searches on a real store file, three choices wide."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from shutil import copyfile
from typing import Protocol

import msgspec
import pytest

from engine.search.spaces import ProfileSpace, Space, WarmStart
from engine.search.trials import Search, open_search
from engine.spec import SearchSettings, StudySpec
from engine.store.connection import store_url as store_url_of

SPACE = ProfileSpace(((1e-7, 1e-4), (1e-7, 1e-4), (1e-7, 1e-3)))


class Opener(Protocol):
    """Opens one more ``Search`` of the same study, as another process would."""

    def __call__(
        self, *, starts: tuple[WarmStart, ...] = (), space: Space = SPACE, **settings: str
    ) -> Search: ...


@pytest.fixture
def store_url(empty_search: Path, tmp_path: Path) -> str:
    return store_url_of(str(copyfile(empty_search, tmp_path / "studies.db")))


@pytest.fixture
def opened(store_url: str) -> Iterator[Opener]:
    with ExitStack() as stack:

        def open_one(
            *, starts: tuple[WarmStart, ...] = (), space: Space = SPACE, **settings: str
        ) -> Search:
            search = open_search(store_url, study_spec(**settings), space, starts)
            stack.callback(search.close)
            return search

        yield open_one


def study_spec(**settings: str) -> StudySpec:
    return StudySpec(
        name="mood-topic",
        sequence=("mood", "topic"),
        data="sample",
        model="sample",
        search=msgspec.convert(settings, SearchSettings),
        seed=7,
    )
