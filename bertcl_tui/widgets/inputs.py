"""Inputs of a form: a choice, a list to pick from, suggestions for a sequence, the same command."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from msgspec import Struct
from rich.console import Group
from rich.padding import Padding
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.events import Click
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import OptionList, Select, Static
from textual.widgets.option_list import Option

from bertcl_tui.options.readers import completed


class CommandLine(Static):
    """Shows a command; a click asks for a copy of it."""

    class CopyRequested(Message):
        """The person wants the command on the clipboard."""

    def __init__(self) -> None:
        super().__init__(markup=False, classes="panel")
        self.border_title = "The same from the command line"
        self.command = ""

    def show(self, command: str) -> None:
        """Show this command."""
        self.command = command
        self.update(command)

    def on_click(self, event: Click) -> None:
        event.stop()
        self.post_message(self.CopyRequested())


class Choice(Select[str], inherit_bindings=False):
    """A select that leaves up and down to the form it stands in."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "show_overlay", "Open", show=False),
        Binding("left", "turn(-1)", "Previous", show=False),
        Binding("right", "turn(1)", "Next", show=False),
    ]

    def __init__(self, values: tuple[str, ...], value: str) -> None:
        super().__init__(
            [(item, item) for item in values], value=value, allow_blank=False, compact=True
        )
        self._values = values

    def action_turn(self, by: int) -> None:
        """Take the value that many places on; at the ends nothing happens."""
        place = self._values.index(str(self.value)) + by
        self.value = self._values[min(max(place, 0), len(self._values) - 1)]


class SequenceSuggester(Suggester):
    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self.tasks: tuple[str, ...] = ()

    async def get_suggestion(self, value: str) -> str | None:
        # Of several sequences with commas between them, the last is being typed.
        typed = value.rpartition(",")[2].lstrip()
        whole = completed(typed, self.tasks)
        return None if whole is None else value[: len(value) - len(typed)] + whole


class Pick(Struct, frozen=True):
    """Something that can be taken."""

    name: str
    description: str
    mark: str = ""
    """A character; empty: it is not taken."""


class Picker(OptionList):
    """Shows each name with its mark."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "select", "In or out", show=False),
    ]

    @dataclass
    class Toggled(Message):
        """The person wants this taken, or left out."""

        name: str

    def __init__(self) -> None:
        super().__init__(compact=True, classes="panel")
        self._picks: tuple[Pick, ...] = ()

    def show(self, picks: Sequence[Pick]) -> None:
        """Show these."""
        if tuple(picks) == self._picks:
            return
        self._picks = tuple(picks)
        highlighted = self.highlighted
        self.set_options(map(_option, self._picks))
        self.highlighted = highlighted if len(self._picks) > (highlighted or 0) else None

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.post_message(self.Toggled(self._picks[event.option_index].name))


def _option(pick: Pick) -> Option:
    name = Text(f"{pick.mark or '·'} {pick.name}", style="bold" if pick.mark else "")
    return Option(Group(name, Padding(Text(pick.description, style="dim"), (0, 0, 0, 2))))
