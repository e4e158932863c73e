"""With which learning rates the trial under the cursor was learnt."""

from typing import Final

from bertcl_tui.charts.forgetting import NO_TRIAL, Nothing
from bertcl_tui.charts.rates import Rates
from bertcl_tui.charts.style import SERIES_GLYPHS
from bertcl_tui.study.baseline import flat_name
from bertcl_tui.study.look import Look
from bertcl_tui.study.panels import NONE_FITS, Panel
from bertcl_tui.style.wording import stage_1_said


def rates_of(look: Look) -> Rates | Nothing:
    """Return the rates of the cursor's trial beside the baseline's."""
    if look.cursor is None:
        return Nothing(NONE_FITS if look.study.counts else NO_TRIAL)
    rates = look.cursor.learning_rates
    flat = look.flat
    return Rates(
        labels=look.labels[: len(rates)],
        rates=rates,
        marker="" if flat is None else flat_name(flat),
        marked_rates=() if flat is None else flat.learning_rates,
        slot=look.slots.get(look.cursor.number),
    )


def _title(look: Look) -> str:
    if look.cursor is None:
        return "Learning rates ─ no trial"
    number = look.cursor.number
    return f"Learning rates ─ {SERIES_GLYPHS[look.slots[number]]} #{number}"


def _subtitle(look: Look) -> str:
    return stage_1_said(look.study.first_lr)


PANEL: Final = Panel(title=_title, subtitle=_subtitle, drawing=rates_of)
