"""Files that are there whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import get_native_id


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
