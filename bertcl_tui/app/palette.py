"""The command palette: what can be done here, by name, with its key, and where one can go."""

from asyncio import to_thread
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Final

from msgspec import Struct
from textual.actions import parse
from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.dom import DOMNode
from textual.message import Message
from textual.screen import Screen

from bertcl_tui.actions import Action, Place, actions_of
from bertcl_tui.kit.messages import OpenArena, OpenCombine, OpenRun, OpenShifts, OpenStudy
from bertcl_tui.store.reader import Reader
from bertcl_tui.store.study_rows import StudyRow
from bertcl_tui.style.looks import state_word
from bertcl_tui.widgets.keys import key_names
from engine.errors import EngineError

_BY_PURPOSE: Final = 0.1
"""The score of what is found by its sentence: below what is found by its name."""


class _Command(Struct):
    title: str
    keys: str
    help: str
    run: Callable[[], Awaitable[object] | None]


class ActionsProvider(Provider):
    """Offers the actions of the place one is in, from the inside to the outside."""

    async def discover(self) -> Hits:
        """Offer all of them, before anything is typed."""
        for command in self._commands():
            display = _display(Content(command.title), command)
            yield DiscoveryHit(display, command.run, text=command.title, help=command.help)

    async def search(self, query: str) -> Hits:
        """Offer those whose name has the letters that were typed, or whose purpose the words."""
        matcher = self.matcher(query)
        for command in self._commands():
            score = matcher.match(command.title)
            if score <= 0 and query.casefold() in command.help.casefold():
                score = _BY_PURPOSE
            if score > 0:
                display = _display(matcher.highlight(command.title), command)
                yield Hit(score, display, command.run, text=command.title, help=command.help)

    def _commands(self) -> Iterator[_Command]:
        for action, node in offered(self.screen):
            title = f"{action.text[0].upper()}{action.text[1:]}"
            run = partial(self.app.run_action, action.handler, node)
            yield _Command(title, key_names(self.app, action), action.help, run)
        yield _Command("Theme", "", "Choose other colours.", self.app.action_change_theme)


class JumpsProvider(Provider):
    """Offers every study, every trial of the study one looks at, and the screens of all."""

    async def startup(self) -> None:
        """Read what there is; where that fails, the screens stay."""
        self._studies: Sequence[StudyRow] = ()
        self._runs: Mapping[int, int] = {}
        with suppress(EngineError):
            await to_thread(self._read)

    def _read(self) -> None:
        reader: Reader = self.app.reader  # type: ignore[attr-defined]  # every app here has one
        self._studies = reader.studies()
        study = study_in_front(self.app.screen_stack)
        if study is not None:
            self._runs = reader.run_ids(study)

    async def search(self, query: str) -> Hits:
        """Offer what has the letters that were typed; a trial by its whole number alone."""
        matcher = self.matcher(query)
        number = query.casefold().removeprefix("trial").strip().removeprefix("#")
        if number.isdigit() and int(number) in self._runs:
            opened = OpenRun(self._runs[int(number)], tuple(self._runs.values()))
            yield self._hit(1.0, Content(f"Trial {int(number)}"), "Show it in full.", opened)
        for title, purpose, place in self._places():
            if (score := matcher.match(title)) > 0:
                yield self._hit(score, matcher.highlight(title), purpose, place)

    def _places(self) -> Iterator[tuple[str, str, Message]]:
        for study in reversed(self._studies):
            yield f"Study {study.name}", state_word(study.state, study.desired), OpenStudy(study.id)
        yield "Arena", "Show how methods compare.", OpenArena()
        study_id = study_in_front(self.app.screen_stack)
        yield "Combine", "Combine what is marked into one profile.", OpenCombine(study_id)
        yield "Shifts", "Show how far tasks are from each other.", OpenShifts(study_id)

    def _hit(self, score: float, title: Content, purpose: str, opened: Message) -> Hit:
        run = partial(self.app.post_message, opened)
        return Hit(score, title, run, text=title.plain, help=purpose)


def study_in_front(screens: Sequence[Screen[object]]) -> int | None:
    """Return the study that the topmost of these screens shows that shows one."""
    ids = (getattr(screen, "study_id", None) for screen in reversed(screens))
    return next((each for each in ids if each is not None), None)


def offered(screen: Screen[object]) -> Iterator[tuple[Action, DOMNode]]:
    """Yield the actions that can be done now, with the node that does each."""
    for place, node in places(screen):
        for action in actions_of(place):
            if action.shown != "help" and _can(node, action):
                yield action, node


def places(screen: Screen[object]) -> Iterator[tuple[Place, DOMNode]]:
    """Yield the places that keys go to, from the inside to the outside."""
    inside = () if screen.focused is None else screen.focused.ancestors_with_self
    for node in dict.fromkeys((*inside, screen, screen.app)):
        place: Place | None = getattr(node, "PLACE", None)
        if place is not None:
            yield place, node


def _can(node: DOMNode, action: Action) -> bool:
    _, name, parameters = parse(action.handler)
    return bool(node.check_action(name, parameters))


def _display(title: Content, command: _Command) -> Content:
    return Content.assemble(title, "  ", (command.keys, "$accent"))
