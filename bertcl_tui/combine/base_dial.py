"""The dial of the base b, and how many trials still count with it."""

from dataclasses import dataclass
from typing import Final

from rich.text import Text
from textual.app import RenderResult
from textual.events import Click
from textual.message import Message
from textual.widget import Widget

from bertcl_tui.combine.mixture import HIGHEST_BASE, LOWEST_BASE
from bertcl_tui.style.looks import looks_of

_LEFT: Final = "b = 0.00   1.0 ├"
_RIGHT: Final = "┤ 5.0"
_GAP: Final = "   "
_NARROWEST: Final = 12
_WIDEST: Final = 44


class BaseDial(Widget):
    """Shows the base on its track; a click on the track turns it there.

    The remark stands beside the track, or in a second line where there is no room.
    """

    @dataclass
    class Turned(Message):
        """The person wants this base."""

        base: float

    def __init__(self) -> None:
        super().__init__()
        self._base = LOWEST_BASE
        self._remark = ""

    def show(self, base: float, remark: str) -> None:
        """Show the base, and a few words beside it."""
        if (base, remark) != (self._base, self._remark):
            self._base, self._remark = base, remark
            self.refresh()

    @property
    def _has_room(self) -> bool:
        return self._room(len(self._remark) + len(_GAP)) >= _NARROWEST

    @property
    def _track(self) -> int:
        beside = len(self._remark) + len(_GAP) if self._has_room else 0
        return min(max(self._room(beside), 2), _WIDEST)

    def _room(self, beside: int) -> int:
        return self.size.width - len(_LEFT) - len(_RIGHT) - beside

    def render(self) -> RenderResult:
        looks = looks_of(self.app)
        last = self._track - 1
        place = round((self._base - LOWEST_BASE) / (HIGHEST_BASE - LOWEST_BASE) * last)
        line = Text(no_wrap=True, overflow="crop")
        line.append("b = ", style=looks.muted)
        line.append(f"{self._base:.2f}", style=f"bold {looks.accent}")
        line.append(f"   {LOWEST_BASE:.1f} ├{'─' * place}", style=looks.muted)
        line.append("●", style=f"bold {looks.accent}")
        line.append(f"{'─' * (last - place)}┤ {HIGHEST_BASE:.1f}", style=looks.muted)
        line.append(f"{_GAP if self._has_room else chr(10)}{self._remark}", style=looks.text)
        return line

    def on_click(self, event: Click) -> None:
        place = event.get_content_offset(self)
        column = -1 if place is None else place.x - len(_LEFT)
        if 0 <= column < self._track:
            share = column / (self._track - 1)
            base = LOWEST_BASE + share * (HIGHEST_BASE - LOWEST_BASE)
            self.post_message(self.Turned(round(base, 1)))
