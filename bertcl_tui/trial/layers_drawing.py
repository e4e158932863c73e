"""Every layer of a run's backbone with its rate and its drift."""

from msgspec import Struct
from rich.text import Text

from bertcl_tui.charts.layers import LayerRow
from bertcl_tui.charts.rates import rate_bounds
from bertcl_tui.charts.style import Palette, Size


class Layers(Struct, frozen=True, kw_only=True):
    """Layers, and the stages whose drift is known."""

    layers: tuple[LayerRow, ...]
    stages: tuple[str, ...]

    def draw(self, size: Size, palette: Palette) -> Text:
        from bertcl_tui.charts.layers import draw_layers

        rates = tuple(layer.rate for layer in self.layers if layer.rate is not None)
        return draw_layers(self.layers, size, palette, rate_bounds(rates), self.stages)
