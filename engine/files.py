"""Paths as people name them, and files that are there whole or not at all."""

import errno
import os
import re
import shutil
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory
from typing import Final, Literal, NamedTuple

from engine.errors import EngineError, UsageError, reason_of, shown

COPY_PREFIX: Final = "bertcl-tui-"
"""In the folder for temporary files; the id of the process that looks into the copy follows."""
_KEPT: Final = 40
"""Letters of a file's name in the name beside it, which may not be too long either."""
_READER_SECONDS: Final = 30.0
"""How long a named pipe may be without a reader."""
_LOOK_SECONDS: Final = 0.02
_BESIDE: Final = re.compile(r"\..*\.(?P<pid>\d+)-[0-9a-f]{16}\.part", re.DOTALL)
_ABANDONED_AFTER: Final = 3600.0
"""Seconds in which a living writer surely goes on, wherever it runs."""


class StoredFile(NamedTuple):
    """A file, or a folder as one thing."""

    path: Path
    size: int
    """Bytes."""
    used_at: float
    """When it was read or written last, as far as that is known."""
    written_at: float


def expanded(text: str | os.PathLike[str]) -> Path:
    """Return a path as a person wrote it, with ``~`` for the home folder; there or not.

    Where the home is unknown, as with ``~$book.csv`` or ``~nobody``, the tilde is a letter like
    any other, as in a shell.

    Raises:
        UsageError: nothing can be called so, or nobody may look whether it is there.
    """
    try:
        path = Path(os.path.expanduser(text))  # noqa: PTH111 - Path's own raises RuntimeError
        str(path).encode()
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return path
    except OSError as error:
        raise UsageError(f"path '{shown(text)}': {reason_of(error)}; name another") from None
    except UnicodeEncodeError:
        raise UsageError(f"path '{shown(text)}' is not UTF-8; rename it") from None
    except ValueError:
        raise UsageError(f"path '{shown(text)}' has a NUL byte in it; name another") from None
    return path


def own_folder(kind: Literal["cache", "config", "data"]) -> Path:
    """Return where the system keeps such files of this user; see ``is_homeless``."""
    from platformdirs import PlatformDirs

    folders = PlatformDirs("bertcl-tui", appauthor=False)
    try:
        match kind:
            case "cache":
                return folders.user_cache_path
            case "config":
                return folders.user_config_path
            case "data":
                return folders.user_data_path
    except RuntimeError:
        return Path("~") / f".{kind}" / "bertcl-tui"


def is_homeless(path: Path) -> bool:
    """Whether a path is in a home folder that nobody knows, as under a container's made-up user."""
    return path.parts[:1] == ("~",)


def check_target(path: Path, *, makes_folder: bool = False) -> None:
    """See that a file can be put there.

    Args:
        path: of the file, there or not.
        makes_folder: whoever writes it makes the last folder where that is missing.

    Raises:
        UsageError: it is a folder or a device for storage, or in no folder.
    """
    kind = _kind_of(expanded(path))
    if kind is not None:
        _refuse_kind(path, kind)
        return
    target = Path(os.path.realpath(path))
    folder = target.parent.parent if makes_folder else target.parent
    if not folder.is_dir():
        raise UsageError(f"there is no folder {shown(folder)}; choose another place")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a path to write to, and put that file in the place of ``path`` at the end.

    Every file of this program is written so: a reader finds the old file or the new one, whole,
    even after the power failed. The name beside is random, so that any number of processes and
    threads may write the same file; the last one stays. Where the block fails, the old file stays
    and nothing lies beside it.

    A symbolic link is followed and stays one; an older file's mode and owner are kept. What a named
    pipe or a device such as ``/dev/null`` stands for gets the bytes, once they are whole.

    Args:
        path: of the file, in a folder that exists.

    Raises:
        UsageError: it is a folder, or a device that keeps files.
        OSError: the file cannot be put in its place, or nobody reads the pipe.
    """
    target = Path(os.path.realpath(path))
    kind = _kind_of(path) or _kind_of(target)
    if kind is not None:
        _refuse_kind(path, kind)
    if kind is None or stat.S_ISREG(kind):
        with _beside(target) as beside:
            yield beside
        return
    with TemporaryDirectory() as folder:
        whole = Path(folder) / (path.name or "file")
        yield whole
        _pour(whole, path)


@contextmanager
def exporting(path: Path) -> Iterator[Path]:
    """Give a path to write to, as ``replacing`` does, for a file that a person named.

    Raises:
        UsageError: the file cannot be written.
    """
    try:
        with replacing(path) as beside:
            yield beside
    except OSError as error:
        reason = reason_of(error)
        raise UsageError(f"cannot write {shown(path)}: {reason}; choose another place") from None


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    beside = name_beside(path)
    try:
        before = path.stat() if path.exists() else None
        if before is not None and not before.st_mode & 0o077:
            beside.touch(mode=0o600)  # at no time may others read what is private
        yield beside
        _flush(beside)
        if before is not None:
            with suppress(PermissionError):
                os.chown(beside, before.st_uid, before.st_gid)
            beside.chmod(stat.S_IMODE(before.st_mode))
        beside.replace(path)
    except BaseException:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise
    with suppress(OSError):  # some folders can be written to, but not be opened
        _flush(path.parent)


def _kind_of(path: Path) -> int | None:
    """Return the mode of what a path leads to, None where nothing is there."""
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None


def _refuse_kind(path: Path, kind: int) -> None:
    if stat.S_ISDIR(kind):
        raise UsageError(f"{shown(path)} is a folder; name a file in it")
    if stat.S_ISBLK(kind) or stat.S_ISSOCK(kind):
        raise UsageError(f"{shown(path)} is a device or a socket, and stays so; name a file")


def _pour(whole: Path, into: Path) -> None:
    """Write a file's bytes into a named pipe or a device."""
    descriptor = _open_special(into)
    os.set_blocking(descriptor, True)
    with os.fdopen(descriptor, "wb") as target, whole.open("rb") as source:
        shutil.copyfileobj(source, target)


def _open_special(path: Path) -> int:
    """Open it once somebody reads it: an open that waits for a reader would wait for ever."""
    deadline = time.monotonic() + _READER_SECONDS
    while True:
        try:
            return os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            if time.monotonic() > deadline:
                raise OSError(errno.ENXIO, "nobody reads the pipe") from None
        time.sleep(_LOOK_SECONDS)


def _flush(path: Path) -> None:
    """Return when the disk has what was written to a file, or which files a folder has."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def name_beside(path: Path) -> Path:
    """Return a new name beside ``path``, which says whose it is and that it does not stay."""
    return path.with_name(f".{path.name[:_KEPT]}.{os.getpid()}-{token_hex(8)}.part")


def is_beside(name: str) -> bool:
    """Whether a name comes from ``name_beside``."""
    return _BESIDE.fullmatch(name) is not None


def is_abandoned(file: StoredFile, now: float) -> bool:
    """Whether a file of such a name is what a writer left that was killed.

    A writer of this machine may take all the time it lives; of another's, only the file can tell.
    """
    match = _BESIDE.fullmatch(file.path.name)
    return match is not None and is_orphan(int(match["pid"]), file, now)


def is_orphan(pid: int, file: StoredFile, now: float) -> bool:
    """Whether nobody can still be at what this process made."""
    import psutil

    return now - file.written_at > _ABANDONED_AFTER and not psutil.pid_exists(pid)


def files_in(folder: Path, suffix: str = "") -> Iterator[StoredFile]:
    """Yield the files right in a folder, if there is one, whose names end so.

    A symbolic link is none of them, nor is what lies in a folder that is one.
    """
    for entry in _entries(folder):
        with suppress(OSError):
            if entry.name.endswith(suffix) and entry.is_file(follow_symlinks=False):
                found = entry.stat(follow_symlinks=False)
                used = max(found.st_atime, found.st_mtime)
                yield StoredFile(Path(entry.path), found.st_size, used, found.st_mtime)


def folders_in(folder: Path) -> Iterator[Path]:
    """Yield the folders right in a folder, as ``files_in`` yields files."""
    for entry in _entries(folder):
        with suppress(OSError):
            if entry.is_dir(follow_symlinks=False):
                yield Path(entry.path)


def _entries(folder: Path) -> list["os.DirEntry[str]"]:
    if folder.is_symlink():
        return []
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []


def note_use(path: Path) -> None:
    """Remember that a file was read, on disks too that do not by themselves."""
    with suppress(OSError):
        os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))


def make_room(
    files: Iterable[StoredFile], most: int, delete: Callable[[Path], object] = Path.unlink
) -> None:
    """Delete what was used longest ago, until the rest has at most so many bytes."""
    by_use = sorted(files, key=lambda file: file.used_at)
    total = sum(file.size for file in by_use)
    for file in by_use:
        if total <= most:
            return
        with suppress(OSError):
            delete(file.path)
        total -= file.size


Stamp = tuple[int, ...]
"""What a file was told by when somebody looked."""


def stamp_of(path: Path, *, whole: bool = False) -> Stamp | None:
    """Return which SQLite file lies there, None: there is none; whole: and what is in it."""
    found: list[int] = []
    for end in ("", "-wal") if whole else ("",):
        try:
            state = path.with_name(path.name + end).stat()
        except OSError:
            found += [0]
        else:
            found += [state.st_dev, state.st_ino]
            found += [state.st_size, state.st_mtime_ns] if whole else []
    return tuple(found) if found[0] else None


def delete(path: Path) -> bool:
    """Delete a file or a folder; False where another was faster."""
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise EngineError(f"{shown(path)} cannot be deleted: {reason_of(error)}") from None
    return True


def as_one(folder: Path) -> StoredFile:
    """Return a folder as one thing, with all that is in it."""
    files = [*files_in(folder), *map(as_one, folders_in(folder))]
    with suppress(FileNotFoundError):
        own = folder.stat().st_mtime
        latest = max([own, *(file.written_at for file in files)])
        return StoredFile(folder, sum(file.size for file in files), latest, latest)
    return StoredFile(folder, 0, 0.0, 0.0)
