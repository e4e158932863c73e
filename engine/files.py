"""Files that are there whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex

from engine.errors import UsageError, shown


def expanded(path: str | os.PathLike[str]) -> Path:
    """Return a path as a person wrote it, with ``~`` for the home folder.

    Where the home is unknown, as with ``~$book.csv`` or ``~nobody``, the tilde is a letter like
    any other, as in a shell.
    """
    return Path(os.path.expanduser(path))  # noqa: PTH111 - Path's own raises RuntimeError


def check_target(path: Path, *, makes_folder: bool = False) -> None:
    """See that a file can be put there.

    Args:
        path: of the file, there or not.
        makes_folder: whoever writes it makes the last folder where that is missing.

    Raises:
        UsageError: it is a folder, or in none.
    """
    if path.is_dir():
        raise UsageError(f"{shown(path)} is a folder; name a file in it")
    folder = path.parent.parent if makes_folder else path.parent
    if not folder.is_dir():
        raise UsageError(f"there is no folder {shown(folder)}; choose another place")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a path to write to beside ``path``, and put that file in its place at the end.

    Every file of this program is written so: a reader finds the old file or the new one, whole,
    even after the power failed. The name beside is random, so that any number of processes and
    threads may write the same file; the last one stays. Where the block fails, the old file stays
    and nothing lies beside it.

    Args:
        path: of the file, in a folder that exists.

    Raises:
        OSError: the file cannot be put in its place.
    """
    beside = path.with_name(f".{path.name}.{token_hex(8)}.part")
    try:
        yield beside
        _flush(beside)
        beside.replace(path)
    except BaseException:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise
    with suppress(OSError):  # some folders can be written to, but not be opened
        _flush(path.parent)


def _flush(path: Path) -> None:
    """Return when the disk has what was written to a file, or which files a folder has."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
