"""Curves as a person looks at them: with a crosshair, zoomed, on another axis."""

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from msgspec import Struct
from rich.text import Text

from bertcl_tui.charts.series import Curves, View
from bertcl_tui.charts.style import Palette, Size

if TYPE_CHECKING:
    from bertcl_tui.charts.series import Picture


@runtime_checkable
class OfCurves(Protocol):
    """A drawing of curves, which can be read and zoomed."""

    def draw(self, size: Size, palette: Palette) -> Text:
        """Draw all of them."""
        ...

    def curves(self) -> Curves:
        """Return what is drawn."""
        ...


class Viewed(Struct, frozen=True):
    """Curves and how they are looked at."""

    drawing: OfCurves
    view: View

    def draw(self, size: Size, palette: Palette) -> Text:
        return picture(self.drawing.curves(), size, palette, self.view).text


def picture(curves: Curves, size: Size, palette: Palette, view: View | None = None) -> "Picture":
    """Draw curves; the drawing library is loaded with the first ones."""
    from bertcl_tui.charts.curve import picture_curves

    return picture_curves(curves, size, palette, view or View())
