"""A recorded store, its frozen moment, and the app over it."""

import shutil
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual._compositor import Compositor
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
from textual.pilot import Pilot

from bertcl_tui.app.app import BertclApp
from bertcl_tui.settings import Settings
from bertcl_tui.store.reader import Reader
from engine.work.ask import Asking
from tests.bertcl_tui.answering import answers_here
from tests.recorded import copy_of, recorded_store
from tests.recorded_arena import copy_with_arena, with_arena
from tests.task_facts import keep_facts
from tests.tiny import tiny_backbone, tiny_tasks

OpenApp = Callable[..., AbstractAsyncContextManager[Pilot[None]]]


@pytest.fixture(autouse=True)
def _answers_without_a_process(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Answer here what the engine is asked; a test marked ``process`` asks a real one."""
    if request.node.get_closest_marker("process") is None:
        monkeypatch.setattr(Asking, "answers", answers_here)


@pytest.fixture(scope="session", autouse=True)
def _styles_are_read_once() -> Iterator[None]:
    """Keep what was parsed of styles from app to app: each alone begins with nothing."""
    parse = Stylesheet._parse_rules
    known: dict[object, list[RuleSet]] = {}
    variables: dict[str, str] = {}
    values = frozenset(variables.items())

    def parsed(sheet: Stylesheet, css: str, **where: Any) -> list[RuleSet]:  # noqa: ANN401 - as Textual has it
        nonlocal variables, values
        if sheet._variables is not variables:  # they are replaced, never changed
            variables, values = sheet._variables, frozenset(sheet._variables.items())
        key = (css, frozenset(where.items()), values)
        if key not in known:
            known[key] = parse(sheet, css, **where)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stylesheet, "_parse_rules", parsed)
        yield


@pytest.fixture(scope="session", autouse=True)
def _frames_are_drawn_where_a_test_looks() -> Iterator[None]:
    """Draw what has changed once a test has waited for it: nobody sees the frames before that."""
    render, pause = Compositor.render_update, Pilot.pause
    is_looked_at = False

    def rendered(compositor: Compositor, full: bool = False, **how: Any) -> object:  # noqa: ANN401 - as Textual has it
        return render(compositor, full, **how) if full or is_looked_at else None

    async def paused(pilot: Pilot[Any], delay: float | None = None) -> None:
        nonlocal is_looked_at
        await pause(pilot, delay)
        is_looked_at = True
        try:
            pilot.app.screen._compositor_refresh()
        finally:
            is_looked_at = False

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Compositor, "render_update", rendered)
        patch.setattr(Pilot, "pause", paused)
        yield


@pytest.fixture(autouse=True)
def _notices_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what the app says until a test has read it, however busy the machine is."""
    monkeypatch.setattr(BertclApp, "NOTIFICATION_TIMEOUT", 600.0)


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a recorded store, not to be written to."""
    return recorded_store(tmp_path_factory.mktemp("recorded") / "studies.db")


@pytest.fixture
def store(recording: Path, tmp_path: Path) -> Path:
    """Return a recorded store of the test's own, whose running trial lives."""
    return copy_of(recording, tmp_path)


@pytest.fixture(scope="session")
def arena_recording(recording: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a recorded store with an arena, not to be written to."""
    return with_arena(Path(shutil.copy(recording, tmp_path_factory.mktemp("arena"))))


@pytest.fixture
def arena_store(arena_recording: Path, tmp_path: Path) -> Path:
    """Return a store with an arena of the test's own, whose running runs live."""
    folder = tmp_path / "arena"
    folder.mkdir()
    return copy_with_arena(arena_recording, folder)


@pytest.fixture
def arena_reader(arena_store: Path) -> Iterator[Reader]:
    reader = Reader(str(arena_store))
    yield reader
    reader.close()


@pytest.fixture
def clock(store: Path) -> Callable[[], float]:
    """Return a clock that stands at the moment the store was copied."""
    moment = time.time()
    return lambda: moment


@pytest.fixture
def reader(store: Path, clock: Callable[[], float]) -> Reader:
    return Reader(str(store), clock)


@pytest.fixture
def open_app(store: Path, clock: Callable[[], float]) -> OpenApp:
    """Return what opens the app over a store, by default the recorded one."""

    @asynccontextmanager
    async def opened(
        path: Path = store,
        size: tuple[int, int] = (120, 40),
        settings: Settings | None = None,
    ) -> AsyncIterator[Pilot[None]]:
        app = BertclApp(str(path), clock=clock, settings=settings)
        async with app.run_test(size=size) as pilot:
            yield pilot

    return opened


@pytest.fixture(scope="package", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BERTCL_CACHE", str(tmp_path_factory.mktemp("cache")))
        keep_facts()
        yield


@pytest.fixture(scope="package")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_backbone(tmp_path_factory.mktemp("backbone"))


@pytest.fixture(scope="package")
def tasks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_tasks(tmp_path_factory.mktemp("tasks"))
