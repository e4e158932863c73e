"""Files that are there whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import get_native_id

from engine.errors import UsageError


def check_target(path: Path, *, makes_folder: bool = False) -> None:
    """See that a file can be put there.

    Args:
        path: of the file, there or not.
        makes_folder: whoever writes it makes the last folder where that is missing.

    Raises:
        UsageError: it is a folder, or in none.
    """
    if path.is_dir():
        raise UsageError(f"{path} is a folder; name a file in it")
    folder = path.parent.parent if makes_folder else path.parent
    if not folder.is_dir():
        raise UsageError(f"there is no folder {folder}; choose another place")


@contextmanager
def replacing(path: Path, *, flush: bool = False) -> Iterator[Path]:
    """Give a path to write to beside ``path``, and put that file in its place at the end.

    Where the block fails, the old file stays and nothing lies beside it.

    Args:
        path: of the file, in a folder that exists.
        flush: let the bytes be on the disk before the old file goes.

    Raises:
        OSError: the file cannot be put in its place.
    """
    beside = path.with_name(f".{path.name}.{get_native_id()}.part")
    try:
        yield beside
        if flush:
            _flush(beside)
        beside.replace(path)
    except BaseException:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise


def _flush(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
