"""What can be computed again, on disk, under a key that names all it depends on.

Losing a file costs time only, so that what was used longest ago goes where there is too much.
Light until an array is read or written.
"""

import contextlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from engine.files import (
    StoredFile,
    files_in,
    is_homeless,
    make_room,
    note_use,
    own_folder,
    replacing,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

Arrays = Mapping[str, "NDArray[Any]"]
Stamp = tuple[tuple[str, int, int], ...]
"""Name, time of change and size of each file that is there; nothing for what is on the hub."""
Folder = Literal["encoded", "fisher", "lengths", "machine", "shifts"]
"""One for each kind of what is kept."""
_MOST_BYTES: Final = 8 * 2**30
"""Of all kinds together."""
_NAME: Final = re.compile(r"[0-9a-f]{32}(\.[\w-]+)?\.(safetensors|json)")


def cache_folder(folder: Folder) -> Path:
    """Return where files of one kind are kept: under $BERTCL_CACHE, or the user's cache folder."""
    base = os.environ.get("BERTCL_CACHE")
    root = Path(base) if base else own_folder("cache")
    return root / folder


def cache_key(*parts: object) -> str:
    """Return the key of what depends on these parts."""
    return blake2b("\n".join(map(str, parts)).encode(), digest_size=16).hexdigest()


def files_stamp(files: Iterable[Path]) -> Stamp:
    """Return what changes when one of these files does, without reading them."""
    found = [(file, file.stat()) for file in files if file.is_file()]
    return tuple((str(file), stat.st_mtime_ns, stat.st_size) for file, stat in found)


def load_arrays(folder: Folder, key: str) -> Arrays | None:
    """Return the arrays under ``key``; None if there are none, or none that can be read."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    path = _arrays_path(folder, key)
    note_use(path)
    try:
        return load_file(path)
    except (OSError, SafetensorError, ValueError):
        return None


def save_arrays(folder: Folder, key: str, arrays: Arrays) -> None:
    """Keep arrays under ``key``, for any process to find; whole, or not at all.

    Where the disk is full, the folder read-only or the home unknown, nothing is kept.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    with contextlib.suppress(SafetensorError):
        _save(_arrays_path(folder, key), lambda beside: save_file(dict(arrays), beside))


def load_bytes(folder: Folder, name: str) -> bytes | None:
    """Return the content of a cached file; None if there is none, or none that can be read."""
    path = _path(folder, name)
    note_use(path)
    try:
        return path.read_bytes()
    except OSError:
        return None


def save_bytes(folder: Folder, name: str, content: bytes) -> None:
    """Keep a file as ``save_arrays`` keeps arrays; ``name`` holds the key."""
    _save(_path(folder, name), lambda beside: beside.write_bytes(content))


def _save(path: Path, write: Callable[[Path], object]) -> None:
    if is_homeless(path):
        return
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as beside:
            write(beside)
        make_room(cached_files(), _MOST_BYTES)


def cache_folders() -> tuple[Path, ...]:
    """Return the folders that there are, or would be."""
    kinds: tuple[Folder, ...] = get_args(Folder)
    return tuple(cache_folder(kind) for kind in kinds)


def cached_files() -> Iterator[StoredFile]:
    """Yield every file that is kept, and none that another program may have put there."""
    for folder in cache_folders():
        for file in files_in(folder):
            if _NAME.fullmatch(file.path.name):
                yield file


def _arrays_path(folder: Folder, key: str) -> Path:
    return _path(folder, f"{key}.safetensors")


def _path(folder: Folder, name: str) -> Path:
    return cache_folder(folder) / name
