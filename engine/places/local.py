"""A folder of this machine, or one that it has mounted: files are read and written as they lie."""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from engine.errors import StorageError, reason_of, shown
from engine.files import StoredFile, as_one, delete, files_in, folders_in, name_beside
from engine.places.place import Place


class Folder(Place):
    """A folder, which need not be there.

    Args:
        root: where it is.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def __str__(self) -> str:
        return shown(self.root)

    def inside(self, folder: str) -> "Folder":
        return Folder(self.root / folder)

    def write(self, name: str, save: Callable[[Path], object]) -> None:
        try:
            save(self.root / name)
        except OSError as error:
            raise StorageError(f"{self} cannot be written: {reason_of(error)}") from error

    @contextmanager
    def fetched(self, name: str) -> Iterator[Path]:
        yield self.root / name

    begun = fetched

    def written_at(self, name: str) -> float:
        try:
            return (self.root / name).stat().st_mtime_ns / 1e9
        except OSError:
            return 0.0

    @property
    def _itself(self) -> Path:
        """Where it is; its name may be a link that a person made."""
        return Path(os.path.realpath(self.root))

    def files(self, folder: str) -> Sequence[StoredFile]:
        return list(files_in(self._itself / folder))

    def folders(self) -> Sequence[StoredFile]:
        return [as_one(folder) for folder in folders_in(self._itself)]

    def note_use(self, name: str) -> None:
        with suppress(OSError):
            (self.root / name).touch()

    def delete(self, path: Path) -> bool:
        return delete(path)

    def take_away(self, path: Path) -> Callable[[], object]:
        try:
            aside = path.rename(name_beside(path))
        except FileNotFoundError:
            return lambda: False
        return lambda: delete(aside)

    def discard(self, name: str) -> None:
        path = self.root / name
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with suppress(OSError):
                path.unlink(missing_ok=True)
