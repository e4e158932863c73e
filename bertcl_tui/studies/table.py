"""Every study in a line."""

from math import nan

from rich.text import Text

from bertcl_tui.charts.sparkline import sparkline
from bertcl_tui.store.rows import StudyRow
from bertcl_tui.studies.columns import CLIMB_WIDTH, STUDY_COLUMNS
from bertcl_tui.style.looks import Looks
from bertcl_tui.style.states import state_text
from bertcl_tui.style.wording import duration, moment, score, steps_rate, trials_done
from bertcl_tui.widgets.row_table import RowTable


class StudiesTable(RowTable[StudyRow]):
    COLUMNS = STUDY_COLUMNS

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
            "failed": Text(str(item.counts.get("failed", 0))),
            "sequence": Text(item.sequence),
            "preset": Text(item.preset),
            "created": Text(moment(item.created_at), style=looks.muted),
            "climb": Text(sparkline(_best_so_far(item), CLIMB_WIDTH), style=looks.good),
            "rate": Text(steps_rate(item.rate)),
            "eta": Text(duration(item.eta)),
        }


def _best_so_far(study: StudyRow) -> list[float]:
    """Return the best p as trials came, at equal distances up to the last one."""
    trials = max(1, sum(study.counts.values()))
    return [
        max((p for number, p in study.climb if number < trials * place / CLIMB_WIDTH), default=nan)
        for place in range(1, CLIMB_WIDTH + 1)
    ]
