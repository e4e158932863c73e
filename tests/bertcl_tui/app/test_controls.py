"""What is asked for in quick succession, whichever thread comes first."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from textual.app import App

from bertcl_tui.app.controls import Controls
from bertcl_tui.store.reader import Reader
from engine.store.connection import open_store
from engine.store.remarks import marks
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
    app, marked = Waiting(), dict[int, frozenset[int]]()
    with closing(Reader(str(store))) as reader:
        controls = Controls(app, reader)
        for numbers in ({4}, {4, 7}):
            marked[1] = frozenset(numbers)
            controls.mark(1, marked)
        for work in reversed(app.asked):
            work()
    assert not marked, "the store has them; there others may mark too"
    with closing(open_store(str(store))) as opened:
        assert marks(opened) == {1: {4, 7}}
