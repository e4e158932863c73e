"""The headline of a table as a forest plot: SVG, for papers and pages."""

from collections.abc import Iterator
from html import escape
from typing import Final

from msgspec import Struct

from engine.arena import legend
from engine.arena.headline import Effect, Headline
from engine.arena.tables import Table
from engine.errors import UsageError

_PLOT, _LEAST_LEFT, _RIGHT = 420, 230, 210
_TOP, _BELOW, _LINE = 62, 74, 40
_LETTER: Final = 7.0
"""Pixels that a letter of a title takes, more or less."""
_BETTER, _WORSE, _UNSURE = "#009e73", "#d55e00", "#0072b2"
"""Of Okabe and Ito (2008): which the colour-blind can tell apart; their places say the same."""


class Look(Struct, frozen=True, kw_only=True):
    """Of what a picture is drawn with."""

    ink: str
    quiet: str
    grid: str
    paper: str


ALONE: Final = Look(ink="#24292f", quiet="#6b737b", grid="#d8dde2", paper="#ffffff")
"""A file by itself."""
ON_PAGE: Final = Look(
    ink="var(--ink)", quiet="var(--quiet)", grid="var(--line)", paper="var(--paper)"
)
"""In a report, which may be light or dark."""
_STEPS: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
_MOST_TICKS: Final = 8
_LEAST_REACH: Final = 0.01
_MARK: Final = 5.5


def to_forest(table: Table, look: Look = ALONE) -> str:
    """Draw the headline: a line for each method, a dot for each sequence, a line at 0.

    Args:
        table: whose headline it is.
        look: of what does not tell one thing from another.

    Raises:
        UsageError: there is nothing to compare yet.
    """
    if table.headline is None:
        raise UsageError(
            "there is no difference to draw yet; it takes two rows with runs of the same sequence "
            "and seed"
        )
    return "\n".join(_svg(table, table.headline, look)) + "\n"


class _Scale:
    """Where things stand; the longest title has room left of the plot."""

    def __init__(self, headline: Headline) -> None:
        longest = max(len(each.title) for each in headline.effects)
        self.left = max(_LEAST_LEFT, 14 + round(_LETTER * longest) + 20)
        self.width = self.left + _PLOT + _RIGHT
        values = [0.0, -_LEAST_REACH, _LEAST_REACH]
        for each in headline.effects:
            values += [each.mean, *(gain.gain for gain in each.sequences)]
            values += [end for end in (each.low, each.high) if end is not None]
        margin = (max(values) - min(values)) * 0.04
        self.low, self.high = min(values) - margin, max(values) + margin

    def x(self, value: float) -> float:
        return round(self.left + (value - self.low) / (self.high - self.low) * _PLOT, 1)

    def ticks(self) -> list[float]:
        length = self.high - self.low
        step = next((step for step in _STEPS if length / step <= _MOST_TICKS), _STEPS[-1])
        first = int(self.low / step) - 1
        every = (round(step * place, 6) for place in range(first, first + 2 * _MOST_TICKS + 4))
        return [tick for tick in every if self.low <= tick <= self.high]


def _svg(table: Table, headline: Headline, look: Look) -> Iterator[str]:
    scale, height = _Scale(headline), _TOP + _LINE * len(headline.effects) + _BELOW
    width = scale.width
    bottom = height - _BELOW
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="Helvetica, Arial, sans-serif" '
        f'font-size="13" fill="{look.ink}">'
    )
    title = escape(legend.headline_title(headline))
    yield f"<title>{title}</title>"
    yield f'<rect width="100%" height="100%" fill="{look.paper}"/>'
    yield f'<text x="14" y="24" font-size="15" font-weight="bold">{title}</text>'
    for tick in scale.ticks():
        x = scale.x(tick)
        yield f'<path d="M{x} {_TOP - 8}V{bottom}" stroke="{look.grid}"/>'
        yield _text(x, bottom + 18, _tick(tick), "middle", look.quiet)
    zero = scale.x(0.0)
    yield f'<path d="M{zero} {_TOP - 8}V{bottom}" stroke="{look.ink}" stroke-width="1.5"/>'
    yield _text(zero, _TOP - 14, headline.reference, "middle", look.quiet)
    for place, each in enumerate(headline.drawn):
        yield from _line(each, scale, _TOP + _LINE * place + _LINE // 2 - 4, look)
    for place, text in enumerate(_key(table, headline)):
        yield _text(14, height - 30 + 18 * place, text, "start", look.quiet)
    yield "</svg>"


def _line(effect: Effect, scale: _Scale, y: float, look: Look) -> Iterator[str]:
    ink = look.quiet if effect.is_bound else _ink(effect)
    primary = effect.standing == "primary"
    weight = ' font-weight="bold"' if primary else ""
    yield f'<text x="14" y="{y + 4}"{weight}>{escape(effect.title)}</text>'
    if effect.low is not None and effect.high is not None:
        yield (
            f'<path d="M{scale.x(effect.low)} {y}H{scale.x(effect.high)}" '
            f'stroke="{ink}" stroke-width="3"/>'
        )
    for gain in effect.sequences:
        fill = look.ink if gain.counts else "none"
        yield (
            f'<circle cx="{scale.x(gain.gain)}" cy="{y + 13}" r="2.6" fill="{fill}" '
            f'fill-opacity="0.7" stroke="{look.ink}" stroke-opacity="0.7">'
            f"<title>{escape(gain.sequence)} {legend.signed(gain.gain)}</title></circle>"
        )
    x = scale.x(effect.mean)
    fill = look.paper if effect.standing == "exploratory" else ink
    turned = f' transform="rotate(45 {x} {y})"' if primary else ""
    yield (
        f'<rect x="{x - _MARK}" y="{y - _MARK}" width="{2 * _MARK}" height="{2 * _MARK}" '
        f'fill="{fill}" stroke="{ink}" stroke-width="2"{turned}/>'
    )
    span = legend.span(effect)
    told = legend.signed(effect.mean) + ("" if span == legend.NOTHING else f" ({span})")
    yield _text(scale.width - 14, y + 4, told, "end", ink)


def _ink(effect: Effect) -> str:
    if effect.low is None or effect.high is None or effect.low <= 0 <= effect.high:
        return _UNSURE
    return _BETTER if effect.low > 0 else _WORSE


def _key(table: Table, headline: Headline) -> tuple[str, str]:
    counts = [gain.counts for each in headline.effects for gain in each.sequences]
    return (
        "Bars: 95 % intervals over sequences and seeds; dots: sequences"
        + ("." if all(counts) else ", hollow where they are not in the mean."),
        f"◆ primary, ■ planned, □ exploratory; plan {', '.join(table.plans)}."
        if table.plans
        else "Exploratory: no plan was declared before the first run.",
    )


def _tick(value: float) -> str:
    return "0" if not value else f"{value:+g}".replace("-", "−")


def _text(x: float, y: float, text: str, anchor: str, ink: str) -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" fill="{ink}">{escape(text)}</text>'
