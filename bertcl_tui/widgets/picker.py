"""A list of names with what they mean, to be taken and left out again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from msgspec import Struct
from rich.console import Group
from rich.padding import Padding
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option


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
