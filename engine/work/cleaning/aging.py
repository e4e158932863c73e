"""What is a file and may go when it is old: first stages, caches, what workers wrote."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from engine.files import StoredFile, files_in
from engine.places import Place
from engine.store.connection import Store
from engine.store.places import FIRST_STAGES
from engine.store.searches import unfinished_studies
from engine.tasks.cache import cached_files, shared_files
from engine.tasks.shared_cache import shared_cache
from engine.work.cleaning.amounts import Cleaning, Piece

_MOST_WORKER_LOGS: Final = 50
"""Of workers that have ended."""
_YOUNG_SECONDS: Final = 600.0
"""A log file may be so young before its worker stands in the store."""
_LOG: Final = re.compile(r"(worker-[\d-]+\.log)(\.\d)?")
_OF_STUDY: Final = re.compile(r"study-([1-9]\d{0,17})-.+")


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
