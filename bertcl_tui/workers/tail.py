"""The end of a file."""

import os
from pathlib import Path

from engine.errors import UsageError

_MOST_BYTES = 256 * 1024


def tail_of(path: Path) -> str:
    """Return the last lines of a text file, a quarter of a megabyte at most.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            length = file.seek(0, os.SEEK_END)
            file.seek(max(0, length - _MOST_BYTES))
            data = file.read()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    text = data.decode(errors="replace")
    return text.partition("\n")[2] if length > _MOST_BYTES else text
