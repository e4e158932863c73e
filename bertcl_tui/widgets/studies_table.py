"""Every study in a line."""

from math import nan
from typing import ClassVar, Final

from rich.text import Text

from bertcl_tui.charts.sparkline import sparkline
from bertcl_tui.looks import Looks
from bertcl_tui.rows import StudyRow
from bertcl_tui.states import state_text
from bertcl_tui.widgets.row_table import Column, RowTable
from bertcl_tui.wording import duration, score, steps_rate, trials_done

_CLIMB: Final = 12
"""Columns of the sparkline."""


class StudiesTable(RowTable[StudyRow]):
    COLUMNS: ClassVar[tuple[Column, ...]] = (
        Column(key="state", label="state", width=10),
        Column(key="name", label="study", width=16, stretch=True),
        Column(key="model", label="backbone", width=18, since=136),
        Column(key="trials", label="trials", width=7, align="right"),
        Column(key="pruned", label="pruned", width=6, align="right", since=100),
        Column(key="collapsed", label="collapsed", width=9, align="right", since=110),
        Column(key="p", label="best p", width=6, align="right"),
        Column(key="p_o", label="p_o", width=5, align="right"),
        Column(key="p_s", label="p_s", width=5, align="right"),
        Column(key="climb", label="best so far", width=_CLIMB, since=115),
        Column(key="rate", label="rate", width=9, align="right", since=125),
        Column(key="eta", label="ETA", width=7, align="right"),
    )

    def key(self, item: StudyRow) -> int:
        return item.id

    def cells(self, item: StudyRow, looks: Looks) -> dict[str, Text]:
        best = item.best
        return {
            "state": state_text(item.state, item.desired, looks),
            "name": Text(item.name),
            "model": Text(item.model, style=looks.muted),
            "trials": Text(trials_done(item)),
            "pruned": Text(str(item.counts.get("pruned", 0))),
            "collapsed": Text(str(item.counts.get("collapsed", 0))),
            "p": Text(score(best.p if best else None), style="bold"),
            "p_o": Text(score(best.p_o if best else None)),
            "p_s": Text(score(best.p_s if best else None)),
            "climb": Text(sparkline(_best_so_far(item), _CLIMB), style=looks.good),
            "rate": Text(steps_rate(item.rate)),
            "eta": Text(duration(item.eta)),
        }


def _best_so_far(study: StudyRow) -> list[float]:
    """Return the best p as trials came, at equal distances up to the last one."""
    trials = max(1, sum(study.counts.values()))
    return [
        max((p for number, p in study.climb if number < trials * place / _CLIMB), default=nan)
        for place in range(1, _CLIMB + 1)
    ]
