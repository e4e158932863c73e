"""What is a file: first stages, caches and logs, which go when they are old, and leftovers."""

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
from engine.store.connection import Store
from engine.store.places import FIRST_STAGES
from engine.store.searches import unfinished_studies
from engine.tasks.cache import cache_folders, cached_files, shared_files, shared_folders
from engine.tasks.shared_cache import shared_cache
from engine.work.cleaning.amounts import Cleaning, Piece

_MOST_WORKER_LOGS: Final = 50
"""Of workers that have ended."""
_YOUNG_SECONDS: Final = 600.0
"""A log file may be so young before its worker stands in the store."""
_LOG: Final = re.compile(r"(worker-[\d-]+\.log)(\.\d)?")
_OF_STUDY: Final = re.compile(r"study-([1-9]\d{0,17})-.+")
_COPY: Final = re.compile(rf"{COPY_PREFIX}(\d+)-.+")


def first_stage_name(key: str, study_id: int | None) -> str:
    """Return what a first stage is called at its place: of any run, or of a study's trials."""
    owner = "" if study_id is None else f"study-{study_id}-"
    return f"{FIRST_STAGES}/{owner}{key}.safetensors"


def spare_first_stages(store: Store, place: Place) -> list[StoredFile]:
    """Return the first stages that no study needs which is not over."""
    files = _whole_first_stages(place)
    owners = [_OF_STUDY.fullmatch(file.path.name) for file in files]
    needing = unfinished_studies(store) if any(owners) else ()
    return [
        file
        for file, owner in zip(files, owners, strict=True)
        if owner is None or int(owner[1]) not in needing
    ]


def first_stages(cleaning: Cleaning) -> Iterator[Piece]:
    """Yield the first stages that are whole."""
    spare = {file.path for file in spare_first_stages(cleaning.store, cleaning.place)}
    for file in _whole_first_stages(cleaning.place):
        can_go = file.path in spare and cleaning.is_old(file.used_at)
        yield Piece(file, can_go, cleaning.place.delete)


def _whole_first_stages(place: Place) -> list[StoredFile]:
    return [file for file in place.files(FIRST_STAGES) if file.path.suffix == ".safetensors"]


def caches(cleaning: Cleaning) -> Iterator[Piece]:
    """Yield what can be computed again, here and at a place behind."""
    for file in cached_files():
        yield Piece(file, cleaning.is_old(file.used_at))
    shared = shared_cache()
    if shared is not None:
        for file in shared_files(shared.place):
            yield Piece(file, cleaning.is_old(file.used_at), shared.place.delete)


def worker_logs(cleaning: Cleaning) -> Iterator[Piece]:
    """Yield the files that workers write into, or wrote."""
    logs = [file for file in files_in(cleaning.folder) if _LOG.fullmatch(file.path.name)]
    living = {Path(item.log_file).name for item in cleaning.living() if item.log_file}
    ended = 0
    for file in sorted(logs, key=lambda file: file.written_at, reverse=True):
        if file.path.name.partition(".log")[0] + ".log" in living:
            yield Piece(file, can_go=False)
            continue
        ended += 1
        is_old = cleaning.is_old(file.written_at) or ended > _MOST_WORKER_LOGS
        is_young = file.written_at > time.time() - _YOUNG_SECONDS
        yield Piece(file, is_old and not is_young)


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
