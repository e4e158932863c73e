"""What can be done with files at a place, wherever that is."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from secrets import token_hex

from engine.files import StoredFile, is_beside


class Place(ABC):
    """Holds files under names like ``run-7/checkpoint-1.safetensors``, whole or not at all.

    The path of a ``StoredFile`` begins at the place where that is not a folder of this machine.
    What cannot be done just now raises ``StorageError``.
    """

    @abstractmethod
    def __str__(self) -> str:
        """Return what it is called in messages, without what is secret."""

    @abstractmethod
    def inside(self, folder: str) -> "Place":
        """Return a folder of it as a place of its own, which need not be there."""

    @abstractmethod
    def write(self, name: str, save: Callable[[Path], object]) -> None:
        """Keep a file under a name, in the place of an older one.

        Args:
            name: of the file.
            save: writes it to a path, whole or not at all; makes the folder that this lies in.
        """

    @abstractmethod
    def fetched(self, name: str) -> AbstractContextManager[Path]:
        """Give a path where the file can be read, and where nothing is if there is none."""

    @abstractmethod
    def begun(self, name: str) -> AbstractContextManager[Path]:
        """Give a path where the header of a safetensors file can be read, as ``fetched``."""

    @abstractmethod
    def written_at(self, name: str) -> float:
        """Return when a file was written, by the clock of the place; 0.0 where it is not there."""

    @abstractmethod
    def files(self, folder: str) -> Sequence[StoredFile]:
        """Return the files right in a folder."""

    @abstractmethod
    def folders(self) -> Sequence[StoredFile]:
        """Return the folders, each as one thing."""

    @abstractmethod
    def note_use(self, name: str) -> None:
        """Remember that a file was used just now, where that can be."""

    @abstractmethod
    def delete(self, path: Path) -> bool:
        """Delete what ``files`` or ``folders`` has found; False where another was faster."""

    @abstractmethod
    def take_away(self, path: Path) -> Callable[[], object]:
        """Have a folder not stand where it stood; what is returned deletes it."""

    @abstractmethod
    def discard(self, name: str) -> None:
        """Delete a file or a folder as far as can be; who tidies up finds what is left."""

    def forget_unfinished(self, folder: str) -> None:
        """Delete what writers left in a folder that died; nobody else may write there now."""
        for file in self.files(folder):
            if is_beside(file.path.name):
                self.delete(file.path)

    def check(self) -> None:
        """See that files can be written, by writing one.

        Raises:
            StorageError: they cannot.
        """
        name = f"try-{token_hex(8)}"

        def save(path: Path) -> None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(name.encode())

        self.write(name, save)
        self.discard(name)
