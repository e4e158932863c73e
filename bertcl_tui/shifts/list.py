"""The shifts of a task, to have one under the cursor."""

from typing import ClassVar, Final

from textual.binding import BindingType
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from bertcl_tui.actions import Place, bindings_of
from engine.tasks.subsets import SUBSETS

_SHIFTS: Final = tuple(
    (first.name, second.name)
    for first in SUBSETS
    for second in SUBSETS
    if first.shift == second.shift and first is not second
)


class ShiftList(OptionList, inherit_bindings=False):
    """Shows each shift in both directions."""

    # Enter is left to the screen.
    PLACE: ClassVar[Place] = "list"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("list")]

    def __init__(self) -> None:
        super().__init__(*(Option(f"{one} → {other}") for one, other in _SHIFTS), compact=True)
        self.highlighted = 0

    @property
    def parts(self) -> tuple[str, str]:
        """The parts of the shift under the cursor, in the order of learning."""
        return _SHIFTS[self.highlighted or 0]
