"""Trials of a study in columns, side by side, with what they differ in."""

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.binding import BindingType
from textual.message import Message

from bertcl_tui.actions import Place, bindings_of
from bertcl_tui.charts.colours import trial_ink
from bertcl_tui.charts.rate_axis import DOT, rate_bounds, rate_ink
from bertcl_tui.charts.style import SERIES_GLYPHS
from bertcl_tui.compare.look import Compared, Fact
from bertcl_tui.style.looks import Looks, looks_of
from bertcl_tui.widgets.column import Column
from bertcl_tui.widgets.row_table import RowTable

_NAMES = 11
_NARROWEST = 8
_WIDEST = 30


class ComparisonTable(RowTable[Fact]):
    PLACE: ClassVar[Place] = "comparison"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("comparison")]
    GAP = 1

    class Turned(Message):
        """Another trial is chosen."""

    def __init__(self, *, classes: str | None = None) -> None:
        super().__init__(classes=classes)
        self._several: tuple[Compared, ...] = ()
        self._bounds = rate_bounds(())
        self._place = 0

    @property
    def chosen(self) -> int | None:
        """The number of the trial whose curve is bright."""
        return self._several[self._place].trial.number if self._several else None

    def show_comparison(self, several: tuple[Compared, ...], facts: Sequence[Fact]) -> None:
        """Show these facts of these trials."""
        if several != self._several:
            self._several = several
            rates = (rate for each in several for rate in each.trial.learning_rates)
            self._bounds = rate_bounds(tuple(rates))
            self.lay_out()
        self.show(facts)

    def key(self, item: Fact) -> str:
        return item.name

    def columns(self, width: int) -> Sequence[Column]:
        room = (width - _NAMES - self.GAP) // max(1, len(self._several)) - self.GAP
        column = max(_NARROWEST, min(room, _WIDEST))
        return [
            Column(key="name", label="", width=_NAMES),
            *(
                Column(key=str(place), label=f"#{each.trial.number}", width=column)
                for place, each in enumerate(self._several)
            ),
        ]

    def header(self, column: Column) -> str:
        if not column.label:
            return ""
        glyph = SERIES_GLYPHS[self._several[int(column.key)].slot]  # as its curve has
        return f"{'›' if column.key == str(self._place) else ''}{glyph} {column.label}"

    def titled(self, column: Column, width: int) -> Text:
        text = super().titled(column, width)
        if column.label:
            slot = self._several[int(column.key)].slot
            text.stylize(trial_ink(slot, looks_of(self.app).palette))
        return text

    def cells(self, item: Fact, looks: Looks) -> dict[str, Text]:
        cells = {"name": Text(item.name, style=looks.muted)}
        for place, value in enumerate(item.values):
            if item.rates:
                cells[str(place)] = self._rate(item.rates[place], value, looks)
            elif place in item.best:
                cells[str(place)] = Text(f"{value} ▲", style=f"bold {looks.good}")
            else:
                cells[str(place)] = Text(value)
        return cells

    def _rate(self, rate: float, value: str, looks: Looks) -> Text:
        """Write a rate after a dot of its colour."""
        ink = rate_ink(rate, self._bounds, looks.palette) if rate > 0 else ""
        return Text.assemble((DOT if rate > 0 else " ", ink), f" {value}")

    def action_open_chosen(self) -> None:
        self.action_open()

    def action_next_trial(self) -> None:
        self._turn(1)

    def action_previous_trial(self) -> None:
        self._turn(-1)

    def _turn(self, by: int) -> None:
        if self._several:
            self._place = (self._place + by) % len(self._several)
            self.lay_out()
            self.post_message(self.Turned())
