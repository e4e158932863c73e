"""The line in which a filter is written; it holds from the first fitting letter on."""

from dataclasses import dataclass
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input, Label

from bertcl_tui.filters import Fields, Filter, parse_filter
from engine.errors import UsageError


class FilterBar(Vertical):
    """Hidden until it is opened; says at once what is wrong with what is written."""

    @dataclass
    class Changed(Message):
        """Another filter holds now."""

        where: Filter

    class Closed(Message):
        """The person is done writing."""

    OPEN: ClassVar[str] = "-open"

    def __init__(self, fields: Fields) -> None:
        super().__init__()
        self._fields = fields
        self._where: Filter = ()
        self._in_force = ""

    def compose(self) -> ComposeResult:
        yield Label(id="wrong", markup=False)
        with Horizontal():
            yield Label("/", id="slash")
            yield Input(placeholder=self._fields.example, compact=True, select_on_focus=False)

    @property
    def in_force(self) -> str:
        """What was written last that is a filter."""
        return self._in_force

    def ask_for(self, fields: Fields) -> None:
        """Know other fields from now on."""
        if fields != self._fields:
            self._fields = fields
            self.query_one(Input).placeholder = fields.example
            self._read()

    def open(self) -> None:
        """Show it and let the person write."""
        self.add_class(self.OPEN)
        self.query_one(Input).focus()

    def clear(self) -> bool:
        """Let everything be shown again; tell whether that changes something."""
        entry = self.query_one(Input)
        had, entry.value = bool(entry.value), ""
        self.remove_class(self.OPEN)
        return had

    @on(Input.Changed)
    def _read(self) -> None:
        text, wrong = self.query_one(Input).value, self.query_one("#wrong", Label)
        try:
            where = parse_filter(text, self._fields)
        except UsageError as error:
            wrong.update(str(error).removeprefix("filter: "))
            wrong.display = True
            return
        wrong.display = False
        self._in_force = text
        if where != self._where:
            self._where = where
            self.post_message(self.Changed(where))

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self._done()

    def on_key(self, event: events.Key) -> None:
        if event.key == "escape":
            event.stop()
            self.clear()
            self._done()
        elif event.key == "down":
            event.stop()
            self._done()

    def _done(self) -> None:
        if not self.query_one(Input).value:
            self.remove_class(self.OPEN)
        self.post_message(self.Closed())
