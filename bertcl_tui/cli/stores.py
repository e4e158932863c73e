"""Stores that commands look into."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bertcl_tui.settings import apply_places, read_settings, settings_file
from bertcl_tui.store.reader import Reader
from bertcl_tui.store.study_rows import StudyRow
from engine.errors import UsageError, shown
from engine.places.named import check_places
from engine.store.connection import Store, open_store
from engine.store.studies import StudyRecord, find_study


@dataclass(frozen=True)
class OpenedStore:
    """A store, for writing and for reading."""

    store: Store
    reader: Reader

    def study(self, name: str) -> StudyRecord:
        """Return the study of that name, or whose name alone begins so.

        Raises:
            UsageError: there is none, or more than one begins so.
        """
        return find_study(self.store, name)

    def row(self, name: str) -> StudyRow:
        """Return how the study of that name gets on.

        Raises:
            UsageError: as ``study``.
        """
        row = self.reader.study(self.study(name).id)
        if row is None:
            raise UsageError(f"study '{shown(name)}' was deleted just now")
        return row

    def check_trials(self, study: StudyRecord | StudyRow, numbers: Iterable[int]) -> None:
        """See that a study has the trials of these numbers.

        Raises:
            UsageError: it lacks one.
        """
        missing = set(numbers) - self.reader.run_ids(study.id).keys()
        if missing:
            raise UsageError(
                f"study '{shown(study.name)}' has no trial {min(missing)}; "
                f"see bertcl-tui trials {study.name}"
            )


def use_places(checkpoints: str = "") -> None:
    """Have checkpoints and caches lie where they were named to, and see that they can.

    Args:
        checkpoints: where a command names it for these; else environment, then settings say.

    Raises:
        UsageError: they cannot.
    """
    apply_places(read_settings(settings_file()), checkpoints)
    check_places()


@contextmanager
def opened(text: str, *, create: bool = False) -> Iterator[OpenedStore]:
    """Open a store, which must be there unless it may be made.

    Raises:
        UsageError: there is none, or it is not ours.
    """
    apply_places(read_settings(settings_file()))
    store = open_store(text, create=create)
    reader = Reader(text)
    try:
        with store.plain_errors():
            yield OpenedStore(store, reader)
    finally:
        reader.close()
        store.close()
