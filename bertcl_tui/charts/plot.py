"""A canvas on a sheet, with room for words above it and on its right."""

from bertcl_tui.charts.axis import Axis
from bertcl_tui.charts.canvas import AcrossColumns, Canvas
from bertcl_tui.charts.sheet import Sheet
from bertcl_tui.charts.style import Palette, Size


class Plot:
    """A sheet, a canvas on it, and where on the sheet the area between the axes is.

    Args:
        size: of the sheet.
        palette: for the axes.
        x_axis: of the canvas.
        y_axis: of the canvas.
        above: rows kept free above the canvas.
        right: columns kept free to the right of the canvas.
    """

    def __init__(
        self,
        size: Size,
        palette: Palette,
        x_axis: AcrossColumns,
        y_axis: Axis,
        *,
        above: int = 0,
        right: int = 0,
    ) -> None:
        self.sheet = Sheet(size)
        self.canvas = Canvas((size[0] - right, size[1] - above), x_axis, y_axis, palette.muted)
        self.left, self.top = self.canvas.left, above
        self.right = self.left + self.canvas.columns
        """The first column right of the area."""
        self.y_range = y_axis.range
        self.bottom = self.top + self.canvas.rows
        """The first row below the area: the x axis."""

    def cell(self, x: float, y: float) -> tuple[int, int]:
        """Return the column and row of the sheet in which a line passes through a point."""
        return self.left + self.canvas.column(x), self.top + self.canvas.row(y)

    def lay_canvas(self) -> None:
        """Lay the canvas over what is on the sheet."""
        self.canvas.draw_on(self.sheet, self.top)

    def write_x_unit(self, unit: str, style: str) -> None:
        """Write what x means at the right end: beside the tick labels, or over the axis."""
        unit = f" {unit}"
        start = self.sheet.columns - len(unit)
        beside = self.sheet.is_free(start, self.bottom + 1, len(unit))
        self.sheet.write(start, self.bottom + beside, unit, style)
