"""A choice among a few values, turned with the arrow keys or opened with enter."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Select


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
