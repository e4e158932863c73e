"""What comes out of a combination: rates with their band, and what each trial weighs."""

from msgspec import Struct
from rich.text import Text

from bertcl_tui.charts.bars import rate_bounds
from bertcl_tui.charts.style import Palette, Size
from engine.profiles import Band, Combined


class CombinedRates(Struct, frozen=True, kw_only=True):
    """One learning rate per choice, how sure it is, and what it is compared with."""

    labels: tuple[str, ...]
    rates: tuple[float, ...]
    band: Band | None = None
    marker: str = ""
    marked_rates: tuple[float, ...] = ()

    def draw(self, size: Size, palette: Palette) -> Text:
        from bertcl_tui.charts.bars import Bar, Marker, draw_rate_bars

        unsure: tuple[float | None, ...] = (None,) * len(self.rates)
        lows, highs = (self.band.low, self.band.high) if self.band else (unsure, unsure)
        bars = [
            Bar(label=label, rate=rate, low=low, high=high)
            for label, rate, low, high in zip(self.labels, self.rates, lows, highs, strict=True)
        ]
        return draw_rate_bars(
            bars,
            size,
            palette,
            rate_bounds((*self.rates, *self.marked_rates)),
            Marker(self.marker, self.marked_rates) if self.marked_rates else None,
        )


class TrialWeights(Struct, frozen=True):
    """How much each trial counts in the whole."""

    combined: Combined

    def draw(self, size: Size, palette: Palette) -> Text:
        from bertcl_tui.charts.bars import Share, draw_importance

        studies = self.combined.studies
        shares = [
            Share(f"{study.study} #{trial.number}", trial.weight / len(studies))
            for study in studies
            for trial in study.trials
        ]
        return draw_importance(shares, size, palette)
