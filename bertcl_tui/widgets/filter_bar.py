"""The line in which a filter is written; it holds from the first fitting letter on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input, Label

from bertcl_tui.actions import Place, bindings_of
from bertcl_tui.store.filters import (
    Fields,
    Filter,
    History,
    closed_up,
    complete,
    completed,
    parse_filter,
    with_bounds,
)
from bertcl_tui.widgets.frame import tell
from engine.errors import UsageError


class FilterBar(Vertical):
    """Hidden until it is opened; says what can follow, and at once what is wrong.

    Args:
        fields: what can be asked for.
        history: of earlier filters; it is added to.
    """

    @dataclass
    class Changed(Message):
        """Another filter holds now."""

        where: Filter

    class Closed(Message):
        """The person is done writing."""

    class _OfBar(Message):
        """The person wants something with saved filters."""

        def __init__(self, bar: "FilterBar") -> None:
            super().__init__()
            self.bar = bar

    class SaveRequested(_OfBar):
        """What is written shall have a name."""

    class RecallRequested(_OfBar):
        """One of those that have a name shall hold."""

    PLACE: ClassVar[Place] = "filter"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("filter")]
    OPEN: ClassVar[str] = "-open"

    def __init__(self, fields: Fields, history: History | None = None) -> None:
        super().__init__()
        self._fields = fields
        self._history = history or History()
        self._suggester = _Suggester(fields)
        self._where: Filter = ()
        self._in_force = ""

    def compose(self) -> ComposeResult:
        yield Label(id="wrong", markup=False)
        yield Label(id="hint", markup=False)
        with Horizontal():
            yield Label("/", id="slash")
            yield Input(
                placeholder=self._fields.example,
                compact=True,
                select_on_focus=False,
                suggester=self._suggester,
            )

    @property
    def in_force(self) -> str:
        """What was written last that is a filter."""
        return self._in_force

    def ask_for(self, fields: Fields) -> None:
        """Know other fields from now on."""
        if fields != self._fields:
            self._fields = self._suggester.fields = fields
            self.query_one(Input).placeholder = fields.example
            self._read()

    @property
    def table(self) -> str:
        """What its filters are saved under; empty: none is."""
        return self._history.table

    @property
    def saved(self) -> Mapping[str, str]:
        """The filters that have a name, by it."""
        return self._history.saved

    @saved.setter
    def saved(self, filters: Mapping[str, str]) -> None:
        self._history.saved = filters

    def check_action(self, action: str, _: tuple[object, ...]) -> bool | None:
        """Offer to save where filters are saved."""
        return bool(self.table) or action not in {"save_filter", "recall_filter"}

    def action_save_filter(self) -> None:
        self.post_message(self.SaveRequested(self))

    def action_recall_filter(self) -> None:
        """Ask for a filter that has a name."""
        self.post_message(self.RecallRequested(self))

    def take(self, text: str) -> None:
        """Let this filter hold, as if the person had written it."""
        self.add_class(self.OPEN)
        self._write(text)
        self._read()
        self._done()

    def open(self) -> None:
        """Show it and let the person write."""
        self.add_class(self.OPEN)
        self._read()
        self.query_one(Input).focus()

    def bound(self, bounds: Mapping[str, tuple[str, str]]) -> None:
        """Let numbers be from here to there, and show what is written then.

        Args:
            bounds: lower and upper one by field; empty: there is none.
        """
        text = with_bounds(self._in_force, bounds, self._fields)
        self.query_one(Input).value = text
        self.set_class(bool(text), self.OPEN)

    def clear(self) -> bool:
        """Let everything be shown again, and return whether that changes something."""
        entry = self.query_one(Input)
        had, entry.value = bool(entry.value), ""
        self.remove_class(self.OPEN)
        return had

    @on(Input.Changed)
    def _read(self) -> None:
        text = self.query_one(Input).value
        hint = complete(text, self._fields).hint
        try:
            where = parse_filter(text, self._fields)
        except UsageError as error:
            unfinished = bool(hint) and self._is_filter(closed_up(text).rpartition(" ")[0])
            wrong = "" if unfinished else str(error).removeprefix("filter: ")
            self._say(wrong, "" if wrong else hint)
            return
        self._say("", hint)
        self._in_force = text
        if where != self._where:
            self._where = where
            self.post_message(self.Changed(where))

    def _is_filter(self, text: str) -> bool:
        try:
            parse_filter(text, self._fields)
        except UsageError:
            return False
        return True

    def _say(self, wrong: str, hint: str) -> None:
        for name, text in (("#wrong", wrong), ("#hint", hint)):
            label = self.query_one(name, Label)
            tell(label, text)
            label.display = bool(text)

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self._done()

    def on_key(self, event: events.Key) -> None:
        match event.key:
            case "escape":
                self.clear()
                self._done()
            case "tab":
                self._write(completed(self.query_one(Input).value, self._fields))
            case "up":
                self._write(self._history.older(self.query_one(Input).value))
            case "down":
                newer = self._history.newer()
                if newer is None:
                    self._done()
                else:
                    self._write(newer)
            case _:
                return
        event.stop()
        event.prevent_default()

    def _write(self, text: str | None) -> None:
        if text is not None:
            entry = self.query_one(Input)
            entry.value = text
            entry.cursor_position = len(text)

    def _done(self) -> None:
        text = self.query_one(Input).value
        if text == self._in_force:
            self._history.remember(text)
        self._history.leave()
        if not text:
            self.remove_class(self.OPEN)
        self.post_message(self.Closed())


class _Suggester(Suggester):
    """Shows in grey how the last word goes on; the right arrow takes it."""

    def __init__(self, fields: Fields) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self.fields = fields

    async def get_suggestion(self, value: str) -> str | None:
        return completed(value, self.fields)
