"""What can be computed again, on disk, under a key that names all it depends on.

Losing a file costs time only, so that what was used longest ago goes where there is too much.
Where a place behind it was named, what is not here is fetched from there, and what is computed
here is sent there. Light until an array is read or written.
"""

import contextlib
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar, get_args

from engine.files import (
    StoredFile,
    files_in,
    is_homeless,
    make_room,
    note_use,
    own_folder,
    replacing,
)
from engine.places import Place
from engine.places.named import CACHES
from engine.tasks.shared_cache import SharedCache, shared_cache

if TYPE_CHECKING:
    from numpy.typing import NDArray

Arrays = Mapping[str, "NDArray[Any]"]
Stamp = tuple[tuple[str, int, int], ...]
"""Name, time of change and size of each file that is there; nothing for what is on the hub."""
Folder = Literal["encoded", "facts", "fisher", "lengths", "machine", "shifts"]
"""One for each kind of what is kept."""
Value = TypeVar("Value")
_OF_THIS_MACHINE: Final = "machine"
"""The kind that tells of one machine, and is of no use to another."""
_MOST_BYTES: Final = 8 * 2**30
"""Of all kinds together, here and at a place behind."""
_NAME: Final = re.compile(r"[0-9a-f]{32}(\.[\w-]+)?\.(safetensors|json)")


def cache_folder(folder: Folder) -> Path:
    """Return where files of one kind are kept here: in $BERTCL_CACHE, or the user's cache folder.

    The latter where the variable names a place behind it by a URL.
    """
    is_here = CACHES.text and not CACHES.url
    root = Path(CACHES.text) if is_here else own_folder("cache")
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
    return _load(folder, _arrays_name(key), _read_arrays)


def save_arrays(folder: Folder, key: str, arrays: Arrays) -> None:
    """Keep arrays under ``key``, for any process to find; whole, or not at all.

    Where the disk is full, the folder read-only or the home unknown, nothing is kept.
    """
    _save(folder, _arrays_name(key), partial(_write_arrays, arrays))


def load_bytes(folder: Folder, name: str) -> bytes | None:
    """Return the content of a cached file; None if there is none, or none that can be read."""
    return _load(folder, name, _read_bytes)


def save_bytes(folder: Folder, name: str, content: bytes) -> None:
    """Keep a file as ``save_arrays`` keeps arrays; ``name`` holds the key."""
    _save(folder, name, lambda beside: beside.write_bytes(content))


def _load(folder: Folder, name: str, read: Callable[[Path], Value | None]) -> Value | None:
    path = cache_folder(folder) / name
    note_use(path)
    found = read(path)
    shared = _behind(folder)
    if found is not None or shared is None:
        return found

    def take(there: Path) -> Value | None:
        taken = read(there)
        if taken is not None:
            _keep(path, partial(shutil.copyfile, there))
        return taken

    return shared.fetch(f"{folder}/{name}", take)


def _save(folder: Folder, name: str, write: Callable[[Path], object]) -> None:
    _keep(cache_folder(folder) / name, write)
    shared = _behind(folder)
    if shared is not None:
        shared.send(
            f"{folder}/{name}", partial(_put, write=write), others=shared_files, most=_MOST_BYTES
        )


def _behind(folder: Folder) -> SharedCache | None:
    return None if folder == _OF_THIS_MACHINE else shared_cache()


def _keep(path: Path, write: Callable[[Path], object]) -> None:
    """Keep a file here, if that can be."""
    if is_homeless(path):
        return
    with contextlib.suppress(OSError):
        _put(path, write)
        make_room(cached_files(), _MOST_BYTES)


def _put(path: Path, write: Callable[[Path], object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as beside:
        write(beside)


def _read_bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _read_arrays(path: Path) -> Arrays | None:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        return load_file(path)
    except (OSError, SafetensorError, ValueError):
        return None


def _write_arrays(arrays: Arrays, path: Path) -> None:
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    try:
        save_file(dict(arrays), path)
    except SafetensorError as error:  # what it makes of a full disk
        raise OSError(str(error)) from error


def cache_folders() -> tuple[Path, ...]:
    """Return the folders that there are, or would be."""
    kinds: tuple[Folder, ...] = get_args(Folder)
    return tuple(cache_folder(kind) for kind in kinds)


def cached_files() -> Iterator[StoredFile]:
    """Yield every file that is kept here, and none that another program may have put there."""
    for folder in cache_folders():
        yield from filter(_is_ours, files_in(folder))


def shared_files(place: Place) -> Iterator[StoredFile]:
    """Yield every file that is kept at a place behind, as ``cached_files`` does.

    Raises:
        StorageError: it cannot be read just now.
    """
    for folder in shared_folders():
        yield from filter(_is_ours, place.files(folder))


def shared_folders() -> tuple[Folder, ...]:
    """Return the names of the folders at a place behind."""
    kinds: tuple[Folder, ...] = get_args(Folder)
    return tuple(kind for kind in kinds if kind != _OF_THIS_MACHINE)


def _is_ours(file: StoredFile) -> bool:
    return _NAME.fullmatch(file.path.name) is not None


def _arrays_name(key: str) -> str:
    return f"{key}.safetensors"
