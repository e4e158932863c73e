"""Which trials are marked: in the store, and just now; what is combined begins with them."""

from collections.abc import Mapping, Sequence

from textual.app import App

from bertcl_tui.kit.messages import Trouble
from bertcl_tui.store.reader import Reader
from engine.errors import EngineError

Changes = Mapping[int, bool]
"""Whether trials are marked now, by number, of those where that is otherwise than before."""


class UnsavedMarks:
    """What was marked here, or taken back, until the store has it: others may mark there too."""

    def __init__(self) -> None:
        self._changes: dict[int, Changes] = {}

    def of(self, study_id: int) -> Changes:
        """Return what changed in a study; no later change is seen in it."""
        return self._changes.get(study_id, {})

    def add(self, study_id: int, changes: Changes) -> None:
        """Take what a person marks."""
        self._changes[study_id] = {**self.of(study_id), **changes}

    def leave_to_store(self, study_id: int, saved: Changes) -> None:
        """Forget what was saved, but for what a person changed again since."""
        self._changes[study_id] = {
            number: marked
            for number, marked in self.of(study_id).items()
            if saved.get(number) is not marked
        }

    def on_top_of(self, stored: Mapping[int, frozenset[int]]) -> dict[int, frozenset[int]]:
        """Return the numbers of the marked trials by study, those in the store among them."""
        return {
            study_id: _changed(stored.get(study_id, frozenset()), self.of(study_id))
            for study_id in {**stored, **self._changes}
        }


def combine(
    app: App[None], reader: Reader, study_ids: Sequence[int], unsaved: UnsavedMarks
) -> None:
    """Find what is marked, in a thread, then show its combination.

    Args:
        app: that shows it.
        reader: of the store.
        study_ids: what one looks at, which comes first; none: all that is marked.
        unsaved: marks that the store does not have yet.
    """

    def find() -> None:
        try:
            stored = reader.marks()
        except EngineError as error:
            app.post_message(Trouble(str(error)))
        else:
            app.call_from_thread(show, stored)

    def show(stored: Mapping[int, frozenset[int]]) -> None:
        from bertcl_tui.combine.screen import CombineScreen

        marks = unsaved.on_top_of(stored)
        marked = {study_id: trials for study_id, trials in marks.items() if trials}
        first = {study_id: marked.get(study_id, frozenset()) for study_id in study_ids}
        aside = frozenset(marked) - {*study_ids} if study_ids else frozenset()
        app.push_screen(CombineScreen(first | marked, reader, aside))

    app.run_worker(find, thread=True, exclusive=True, group="marks")


def _changed(marked: frozenset[int], changes: Changes) -> frozenset[int]:
    taken = {number for number, still in changes.items() if not still}
    return marked.union(changes) - taken
