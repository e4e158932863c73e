"""One of a few values, in a line of its own; what else there is opens below it."""

from dataclasses import dataclass
from typing import ClassVar, Final

from textual import on
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets._select import SelectOverlay

from bertcl_tui.charts.words import fill

_AROUND: Final = 4
"""Blanks on both sides of the value, and the arrow."""


class Choice(Widget, can_focus=True):
    """Leaves up and down to the form it stands in.

    Textual's ``Select`` is six widgets from the first on, of which a form with a dozen choices
    would lay out and style all; this is one, and its list is there only while it is open.
    """

    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "show_overlay", "Open", show=False),
        Binding("left", "turn(-1)", "Previous", show=False),
        Binding("right", "turn(1)", "Next", show=False),
    ]

    value: reactive[str] = reactive("", init=False)
    """What is chosen."""

    @dataclass
    class Changed(Message):
        """Something else is chosen now."""

        value: str

    def __init__(self, values: tuple[str, ...], value: str) -> None:
        super().__init__()
        self._values = values
        self.set_reactive(Choice.value, self.validate_value(value))

    @property
    def expanded(self) -> bool:
        """Whether everything that can be chosen is seen."""
        return bool(self.children)

    def validate_value(self, value: str) -> str:
        """Let nothing be chosen that there is not."""
        if value not in self._values:
            message = f"{value!r} is none of {self._values}"
            raise ValueError(message)
        return value

    def watch_value(self, value: str) -> None:
        self.post_message(self.Changed(value))

    def render(self) -> Content:
        value = fill(self.value, self.size.width - _AROUND)
        arrow = ("▲" if self.expanded else "▼", "$foreground 50%")
        return Content.assemble(" ", value, " ", arrow)

    def action_turn(self, by: int) -> None:
        """Take the value that many places on; at the ends nothing happens."""
        place = self._values.index(self.value) + by
        self.value = self._values[min(max(place, 0), len(self._values) - 1)]

    async def action_show_overlay(self) -> None:
        """Show everything that can be chosen."""
        if self.expanded:
            return
        overlay = SelectOverlay()
        overlay.compact = True
        overlay.add_options(self._values)
        await self.mount(overlay)
        overlay.focus(scroll_visible=False)
        overlay.select(self._values.index(self.value))
        self.refresh()

    async def on_click(self, event: Click) -> None:
        if event.widget is self:
            event.stop()
            await (self._close() if self.expanded else self.action_show_overlay())

    @on(SelectOverlay.UpdateSelection)
    async def _chosen(self, event: SelectOverlay.UpdateSelection) -> None:
        event.stop()
        self.value = self._values[event.option_index]
        self.screen.set_focus(self)
        await self._close()

    @on(SelectOverlay.Dismiss)
    async def _dismissed(self, event: SelectOverlay.Dismiss) -> None:
        event.stop()
        if not event.lost_focus:
            self.screen.set_focus(self)
        await self._close()

    async def _close(self) -> None:
        await self.remove_children()
        self.refresh()
