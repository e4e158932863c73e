"""What is asked for in quick succession, whichever thread comes first."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from textual.app import App

from bertcl_tui.app.controls import Controls
from bertcl_tui.app.marking import UnsavedMarks
from bertcl_tui.store.reader import Reader
from engine.store.connection import open_store
from engine.store.remarks import change_marks, marks
from tests.recorded import recorded_store


class Waiting(App[None]):
    """Keeps what shall be done in threads, until it is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Callable[[], None]] = []

    def run_worker(self, work: Any, *_: Any, **__: Any) -> Any:  # noqa: ANN401 - as it is there
        self.asked.append(work)

    def call_from_thread(self, callback: Any, *args: Any, **_: Any) -> Any:  # noqa: ANN401 - as above
        return callback(*args)


def test_the_last_marks_stay_whichever_thread_writes_last(tmp_path: Path) -> None:
    store = recorded_store(tmp_path / "studies.db")
    app, unsaved = Waiting(), UnsavedMarks()
    with closing(Reader(str(store))) as reader, closing(open_store(str(store))) as opened:
        controls = Controls(app, reader)
        for changes in ({4: True, 10: True}, {7: True, 10: False}):
            unsaved.add(1, changes)
            controls.mark(1, unsaved)
        change_marks(opened, 1, on=[25])  # by somebody else
        assert unsaved.on_top_of(marks(opened)) == {1: {4, 7, 25}}
        for work in reversed(app.asked):
            work()
        assert not unsaved.of(1), "the store has them; there others may mark too"
        assert marks(opened) == {1: {4, 7, 25}}


def test_what_is_unmarked_while_the_mark_is_saved_stays_so() -> None:
    unsaved = UnsavedMarks()
    unsaved.add(1, {4: True, 7: True})
    saved = unsaved.of(1)
    unsaved.add(1, {4: False})
    unsaved.leave_to_store(1, saved)
    assert unsaved.on_top_of({1: frozenset({4, 7})}) == {1: {7}}
