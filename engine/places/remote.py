"""What fsspec reaches: object stores such as S3, servers, or this process's memory.

A file is written on this machine first and then sent, and fetched before it is read. Object stores
put it in its place at once; elsewhere it is sent under another name and then moved.
"""

import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from engine.errors import EngineError, StorageError, first_line, mask_password, shown
from engine.files import COPY_PREFIX, StoredFile, name_beside
from engine.places.place import Place

if TYPE_CHECKING:
    from fsspec.spec import AbstractFileSystem

_PUT_AT_ONCE: Final = frozenset(
    {"abfs", "abfss", "az", "gcs", "gs", "memory", "oci", "oss", "r2", "s3", "s3a", "tos"}
)
"""Protocols under which a file is there whole or not at all."""
_WRITTEN: Final = ("LastModified", "last_modified", "mtime", "updated", "created")
"""How file systems call the moment at which a file was written."""
_LENGTH: Final = 8
"""Bytes in which a safetensors file says how long its header is."""


class Remote(Place):
    """A place of a file system.

    Args:
        system: of fsspec.
        root: where in it.
        url: for messages.
    """

    def __init__(self, system: "AbstractFileSystem", root: str, url: str) -> None:
        self._system = system
        self._root = root.rstrip("/")
        self._url = url.rstrip("/")
        protocols = {system.protocol} if isinstance(system.protocol, str) else {*system.protocol}
        self._puts_at_once = bool(protocols & _PUT_AT_ONCE)

    def __str__(self) -> str:
        return shown(mask_password(self._url))

    def inside(self, folder: str) -> "Remote":
        return Remote(self._system, self._at(folder), f"{self._url}/{folder}")

    def write(self, name: str, save: Callable[[Path], object]) -> None:
        with self._here(name) as here:
            save(here)
            with self._plain_errors("written"):
                self._send(here, name)

    def _send(self, here: Path, name: str) -> None:
        if self._puts_at_once:
            self._system.put_file(str(here), self._at(name))
            return
        beside = self._at(str(name_beside(Path(name))))
        self._system.makedirs(str(PurePosixPath(beside).parent), exist_ok=True)
        try:
            self._system.put_file(str(here), beside)
            self._system.mv(beside, self._at(name))
        except BaseException:
            with suppress(Exception):
                self._system.rm_file(beside)
            raise

    @contextmanager
    def fetched(self, name: str) -> Iterator[Path]:
        with self._here(name) as here:
            with self._plain_errors("read"):
                self._fetch(name, here)
            yield here

    def _fetch(self, name: str, here: Path) -> None:
        try:
            self._system.get_file(self._at(name), str(here))
        except FileNotFoundError:
            here.unlink(missing_ok=True)

    @contextmanager
    def begun(self, name: str) -> Iterator[Path]:
        """Give the header, and nothing that takes room behind it: a hole."""
        with self._here(name) as here:
            with suppress(FileNotFoundError), self._plain_errors("read"):
                size = self._info(name)["size"]
                begin = self._part(name, 0, min(size, _LENGTH))
                end = min(size, _LENGTH + int.from_bytes(begin, "little"))
                here.write_bytes(begin + self._part(name, _LENGTH, end))
                os.truncate(here, size)
            yield here

    def _part(self, name: str, start: int, end: int) -> bytes:
        if start >= end:
            return b""
        part: bytes = self._system.cat_file(self._at(name), start=start, end=end)
        return part

    def written_at(self, name: str) -> float:
        with suppress(FileNotFoundError), self._plain_errors("read"):
            return self._written(self._info(name))
        return 0.0

    def files(self, folder: str) -> Sequence[StoredFile]:
        self._system.invalidate_cache()
        with suppress(FileNotFoundError), self._plain_errors("read"):
            found = self._system.ls(self._at(folder), detail=True)
            return [self._stored(each) for each in found if each["type"] == "file"]
        return []

    def folders(self) -> Sequence[StoredFile]:
        self._system.invalidate_cache()
        inside: defaultdict[str, list[StoredFile]] = defaultdict(list)
        with suppress(FileNotFoundError), self._plain_errors("read"):
            for each in self._system.find(self._root, detail=True).values():
                file = self._stored(each)
                if len(file.path.parts) > 1:
                    inside[file.path.parts[0]].append(file)
        return [_as_one(name, files) for name, files in inside.items()]

    def note_use(self, name: str) -> None:
        """Do nothing: what is used longest ago is what was written longest ago."""

    def delete(self, path: Path) -> bool:
        with self._plain_errors("deleted"), suppress(FileNotFoundError):
            self._system.rm(self._at(path.as_posix()), recursive=True)
            return True
        return False

    def take_away(self, path: Path) -> Callable[[], object]:
        """Delete it at once: to move it would be to copy it."""
        self.delete(path)
        return lambda: False

    def discard(self, name: str) -> None:
        with suppress(StorageError):
            self.delete(Path(name))

    def _at(self, name: str) -> str:
        return f"{self._root}/{name}"

    def _info(self, name: str) -> Mapping[str, Any]:
        self._system.invalidate_cache()
        info: Mapping[str, Any] = self._system.info(self._at(name))
        return info

    def _stored(self, info: Mapping[str, Any]) -> StoredFile:
        name = str(info["name"]).removeprefix(self._root).lstrip("/")
        written = self._written(info)
        return StoredFile(Path(name), int(info["size"] or 0), written, written)

    def _written(self, info: Mapping[str, Any]) -> float:
        known = next((info[name] for name in _WRITTEN if name in info), None)
        moment = self._system.modified(info["name"]) if known is None else known
        if isinstance(moment, str):
            moment = datetime.fromisoformat(moment)
        if isinstance(moment, datetime):
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        return float(moment)

    @contextmanager
    def _here(self, name: str) -> Iterator[Path]:
        """Give room on this machine; what is said of a file there is meant of the place's."""
        with TemporaryDirectory(prefix=f"{COPY_PREFIX}{os.getpid()}-") as folder:
            here = Path(folder) / Path(name).name
            try:
                yield here
            except EngineError as error:
                text = str(error).replace(str(here), f"{self}/{name}")
                raise type(error)(text) from error

    @contextmanager
    def _plain_errors(self, what: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            if what != "written":
                raise
            raise StorageError(f"{self} is not there; make its bucket or folder first") from None
        except Exception as error:  # each kind of place has errors of its own
            reason = shown(mask_password(first_line(error)))
            raise StorageError(f"{self} cannot be {what}: {reason}") from error


def _as_one(name: str, files: Sequence[StoredFile]) -> StoredFile:
    latest = max(file.written_at for file in files)
    return StoredFile(Path(name), sum(file.size for file in files), latest, latest)
