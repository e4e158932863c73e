"""The headline as a picture: a line for each method, and a vertical one for tuned flat."""

from msgspec import Struct
from rich.text import Text

from bertcl_tui.charts.style import Palette, Size
from bertcl_tui.widgets.chart import Chart
from bertcl_tui.widgets.frame import entitle
from engine.arena import legend
from engine.arena.headline import Effect, Headline
from engine.arena.tables import Table

_FRAME = 2
_AROUND = 3
"""Rows of the reference's name above the lines, and of the axis below."""
_ROOMY, _MOST = 44, 0.4
"""Lines of the screen from which on a method has two, where all then take no more of the screen."""
_LEAST = 2
"""Rows of the lines: fewer are too low to be drawn."""


class Forest(Struct, frozen=True, kw_only=True):
    """A headline, to be drawn."""

    headline: Headline

    def draw(self, size: Size, palette: Palette) -> Text:
        from bertcl_tui.charts.forest import Dot, ForestLine, draw_forest

        lines = [
            ForestLine(
                title=each.title,
                mean=each.mean,
                low=each.low,
                high=each.high,
                dots=tuple(Dot(gain.gain, gain.counts) for gain in each.sequences),
                standing=each.standing,
                is_bound=each.is_bound,
                told=(in_full(each), told(each), legend.signed(each.mean)),
            )
            for each in self.headline.drawn
        ]
        return draw_forest(lines, size, palette, self.headline.reference)


def in_full(effect: Effect) -> str:
    """Write all that the headline has of a method."""
    number, there = len(effect.counted), effect.chances
    facts = [told(effect)]
    if effect.p_value is not None:
        facts.append(legend.tested(effect.p_value))
    facts.append(f"better on {effect.better_on}, worse on {effect.worse_on} of {number}")
    if there is not None:
        facts.append(f"P {there.better:.2f} / {there.equal:.2f} / {there.worse:.2f}")
    return " · ".join(facts)


def told(effect: Effect) -> str:
    """Write the difference with its interval; without one, from how many sequences it is."""
    if effect.low is None or effect.high is None:
        number = len(effect.counted)
        return f"{legend.signed(effect.mean)} ({number} sequence{'s' * (number > 1)})"
    return f"{legend.signed(effect.mean)} ({legend.span(effect)})"


class ForestPanel(Chart):
    """Shows the headline of a table; not there while there is nothing to compare."""

    def show_table(self, table: Table) -> None:
        """Show the headline of this table."""
        headline = table.headline
        self.set_class(headline is None, "-nothing")
        if headline is None:
            return
        number = len(headline.effects)
        around, screen = _AROUND + _FRAME, self.screen.size.height
        roomy = screen >= _ROOMY and 2 * number + around <= _MOST * screen
        self.styles.height = max(number * (1 + roomy), _LEAST) + around
        entitle(self, _title(headline), _declared(table))
        self.show(Forest(headline=headline))


def _title(headline: Headline) -> str:
    counted = {len(each.counted) for each in headline.effects}
    most = max(counted)
    kind = "seen" if all(each.seen for each in headline.effects) else "unseen"
    intervals = any(each.low is not None for each in headline.effects)
    return (
        f"Difference in p to {headline.reference} ─ "
        f"{most} {kind} sequence{'s' * (most > 1)}{', 95 % intervals' * intervals}"
    )


def _declared(table: Table) -> str:
    if not table.plans:
        return "exploratory: no plan was declared"
    return f"◆ primary  ■ planned  □ exploratory ─ plan {', '.join(table.plans)}"
