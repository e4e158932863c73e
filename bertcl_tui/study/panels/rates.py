"""With which learning rates the trial under the cursor was learnt."""

from typing import Final

from bertcl_tui.charts.forgetting import NO_TRIAL, Nothing
from bertcl_tui.charts.rates import Rates
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
    )


def _title(look: Look) -> str:
    trial = "no trial" if look.cursor is None else f"#{look.cursor.number}"
    return f"Learning rates ─ {trial}"


def _subtitle(look: Look) -> str:
    return stage_1_said(look.study.first_lr)


PANEL: Final = Panel(title=_title, subtitle=_subtitle, drawing=rates_of)
