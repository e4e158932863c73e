"""What killed processes left half written, or copied to look into it."""

import os
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from engine.files import (
    COPY_PREFIX,
    StoredFile,
    as_one,
    files_in,
    folders_in,
    is_abandoned,
    is_beside,
    is_orphan,
)
from engine.places import Place
from engine.places.local import Folder
from engine.tasks.cache import cache_folders, shared_folders
from engine.tasks.shared_cache import shared_cache
from engine.work.cleaning.amounts import Cleaning, Piece

_COPY: Final = re.compile(rf"{COPY_PREFIX}(\d+)-.+")


def leftovers(cleaning: Cleaning) -> Iterator[Piece]:
    """Yield what is half written, and what can go of it."""
    now = time.time()
    for file in _half_written(cleaning):
        yield Piece(file, is_abandoned(file, now))
    for folder in folders_in(Path(tempfile.gettempdir())):
        match = _COPY.fullmatch(folder.name)
        with suppress(FileNotFoundError):
            if match is not None and folder.stat().st_uid == os.getuid():
                copy = as_one(folder)
                yield Piece(copy, is_orphan(int(match[1]), copy, now))


def _half_written(cleaning: Cleaning) -> Iterator[StoredFile]:
    roots = [cleaning.folder, *_root(cleaning.place)]
    inside = [folder for root in roots for folder in folders_in(root)]
    for folder in dict.fromkeys([*roots, *inside, *cache_folders(), *_shared_folders()]):
        if is_beside(folder.name):
            yield as_one(folder)
            continue
        yield from (file for file in files_in(folder) if is_beside(file.path.name))


def _shared_folders() -> list[Path]:
    """Return where caches of many machines are written, where that is a folder here."""
    shared = shared_cache()
    roots = () if shared is None else _root(shared.place)
    return [root / folder for root in roots for folder in shared_folders()]


def _root(place: Place) -> tuple[Path, ...]:
    """Return where a place is on this machine; nothing: elsewhere."""
    return (Path(os.path.realpath(place.root)),) if isinstance(place, Folder) else ()
