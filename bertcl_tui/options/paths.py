"""How a path that is being typed could go on, as a shell completes it."""

import os
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from engine.errors import UsageError
from engine.files import expanded

_MOST_ENTRIES: Final = 5000
"""Of a folder that are looked at: it is done as one types."""
_OF_A_MODEL: Final = "config.json"


def paths_after(text: str, suffixes: Collection[str], words: Collection[str] = ()) -> list[str]:
    """Return everything that ``text`` is or could become: what it is first, then by name.

    A folder ends in a slash, unless it is a model's and only folders are asked for: there is
    nothing in that to go on to. Hidden names are offered where a dot was typed.

    Args:
        text: as typed; of a home folder ``~`` stays.
        suffixes: of files that are offered beside folders; an empty one fits every file.
        words: what it could be instead of a path.
    """
    if not text:
        return []
    named = [word for word in words if word.startswith(text)]
    found = sorted(_entries(text, tuple(suffixes)), key=str.casefold)
    return sorted((*named, *found), key=lambda item: item.removesuffix("/") != text)


def next_path(text: str, suffixes: Collection[str], words: Collection[str] = ()) -> str | None:
    """Return what a key completes ``text`` to: all that it could become begins so.

    Where that is no more than was typed it is the first of it. None: it is whole, nothing fits, or
    nothing of a name was typed yet.
    """
    found = [] if text.endswith("/") else paths_after(text, suffixes, words)
    if not found or found[0] == text:
        return None
    shared = os.path.commonprefix(found)  # noqa: RUF071 - of a name, too
    return shared if len(shared) > len(text) else found[0]


def _entries(text: str, suffixes: tuple[str, ...]) -> Iterator[str]:
    folder, slash, begun = text.rpartition("/")
    try:
        where = expanded(f"{folder}{slash}") if slash else Path()
        with os.scandir(where) as entries:
            for entry, _ in zip(entries, range(_MOST_ENTRIES), strict=False):
                name = entry.name
                if not name.startswith(begun) or (name.startswith(".") and not begun):
                    continue
                whole = f"{folder}{slash}{name}"
                if entry.is_dir():
                    yield whole if not suffixes and _is_model(entry) else f"{whole}/"
                elif suffixes and name.endswith(suffixes):
                    yield whole
    except (OSError, UsageError, UnicodeError):  # it may become one that can be read
        return


def _is_model(entry: "os.DirEntry[str]") -> bool:
    return (Path(entry.path) / _OF_A_MODEL).is_file()
