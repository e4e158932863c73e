"""Arrays on disk, under a key that names all they depend on. Losing a file costs time only.

Light until an array is read or written.
"""

import contextlib
import os
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from platformdirs import user_cache_path

from engine.files import replacing

if TYPE_CHECKING:
    from numpy.typing import NDArray

Arrays = Mapping[str, "NDArray[Any]"]


def cache_folder(room: str) -> Path:
    """Return where a room's arrays are kept: under $BERTCL_CACHE, or the user's cache folder."""
    base = os.environ.get("BERTCL_CACHE")
    return (Path(base) if base else user_cache_path("bertcl-tui", appauthor=False)) / room


def cache_key(*parts: object) -> str:
    """Return the key of what depends on these parts."""
    return blake2b("\n".join(map(str, parts)).encode(), digest_size=16).hexdigest()


def load_arrays(room: str, key: str) -> Arrays | None:
    """Return what is kept under ``key``; None if there is nothing, or nothing that can be read."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        return load_file(_path(room, key))
    except (OSError, SafetensorError, ValueError):
        return None


def save_arrays(room: str, key: str, arrays: Arrays) -> None:
    """Keep arrays under ``key``, for any process to find; whole, or not at all.

    Where the disk is full or the folder read-only, nothing is kept.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    path = _path(room, key)
    with contextlib.suppress(OSError, SafetensorError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as beside:
            save_file(dict(arrays), beside)


def _path(room: str, key: str) -> Path:
    return cache_folder(room) / f"{key}.safetensors"
