"""Which trials a combination begins with: what is marked, in the store and just now."""

from collections.abc import Mapping, Sequence

from textual.app import App

from bertcl_tui.kit.messages import Trouble
from bertcl_tui.store.reader import Reader
from engine.errors import EngineError

Marks = Mapping[int, frozenset[int]]
"""Numbers of trials by study."""


def combine(app: App[None], reader: Reader, study_ids: Sequence[int], marks: Marks) -> None:
    """Find what is marked, in a thread, then show its combination.

    Args:
        app: that shows it.
        reader: of the store.
        study_ids: what one looks at, which comes first; none: all that is marked.
        marks: made here that the store does not have yet.
    """

    def find() -> None:
        try:
            known = {**reader.marks(), **marks}
        except EngineError as error:
            app.post_message(Trouble(str(error)))
        else:
            app.call_from_thread(_show, app, reader, study_ids, known)

    app.run_worker(find, thread=True, exclusive=True, group="marks")


def _show(app: App[None], reader: Reader, study_ids: Sequence[int], marks: Marks) -> None:
    from bertcl_tui.combine.screen import CombineScreen

    marked = {study_id: trials for study_id, trials in marks.items() if trials}
    first = {study_id: marked.get(study_id, frozenset()) for study_id in study_ids}
    aside = frozenset(marked) - {*study_ids} if study_ids else frozenset()
    app.push_screen(CombineScreen(first | marked, reader, aside))
