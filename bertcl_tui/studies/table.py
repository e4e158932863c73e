"""Every study in a line: which fit a filter, in which order, and what the line says."""

from collections.abc import Iterable, Sequence
from math import nan
from typing import ClassVar, Final

from msgspec.structs import replace
from rich.text import Text
from textual.binding import BindingType

from bertcl_tui.actions import Place, bindings_of
from bertcl_tui.charts.glyphs import sparkline
from bertcl_tui.store.filters import ANYWHERE, Filter, fits
from bertcl_tui.store.study_rows import StudyRow
from bertcl_tui.store.trial_rows import Order
from bertcl_tui.style.looks import Looks, state_text
from bertcl_tui.style.wording import duration, moment, score, steps_rate, trials_done
from bertcl_tui.widgets.column import Column
from bertcl_tui.widgets.marking import MarkingTable

_NEVER: Final = 10_000
"""Shown only where it is chosen."""
CLIMB_WIDTH: Final = 12
"""Columns of characters of the sparkline."""


def _number(key: str, label: str, width: int, title: str, since: int = 0) -> Column:
    return Column(
        key=key, label=label, width=width, align="right", title=title, since=since, sorts=key
    )


def _text(key: str, label: str, width: int, title: str, since: int = 0) -> Column:
    return Column(
        key=key, label=label, width=width, title=title, since=since, sorts=key, rising=True
    )


_MARK: Final = "mark"
_MARKS: Final = {"marked": "◉", "ranged": "▸"}
STUDY_COLUMNS: Final = (
    Column(key=_MARK, label="◉", width=1, fixed=True),
    _text("state", "state", 10, "what becomes of it"),
    Column(
        key="name",
        label="study",
        width=16,
        cut="middle",
        title="name",
        sorts="name",
        rising=True,
        stretch=True,
    ),
    _text("sequence", "sequence", 16, "tasks, one after another", _NEVER),
    _text("model", "backbone", 18, "backbone", 136),
    _text("preset", "preset", 13, "protocol", _NEVER),
    _number("trials", "trials", 7, "trials done"),
    _number("pruned", "pruned", 7, "trials pruned", 100),
    _number("collapsed", "collapsed", 10, "trials collapsed", 110),
    _number("failed", "failed", 7, "trials failed", _NEVER),
    _number("p", "best p", 7, "best p"),
    _number("seeds", "seeds", 5, "seeds that best p is a mean over", 150),
    _number("p_o", "p_o", 5, "kept of D_o by the best"),
    _number("p_s", "p_s", 5, "learnt of D_s by the best"),
    Column(
        key="climb",
        label="best so far",
        width=CLIMB_WIDTH,
        since=115,
        title="best p till then, of one seed",
    ),
    _number("rate", "rate", 9, "steps per second", 125),
    Column(
        key="eta",
        label="ETA",
        width=7,
        since=90,
        align="right",
        title="until it ends",
        sorts="eta",
        rising=True,
    ),
    _text("note", "note", 24, "what you say of it", _NEVER),
    Column(
        key="created",
        label="created",
        width=16,
        since=_NEVER,
        title="when it was set up",
        sorts="created_at",
    ),
)


_OF_RUNNING: Final = ("rate", "eta")
"""Columns in which something stands only while a study runs."""


class StudiesTable(MarkingTable[StudyRow]):
    """Shows studies; where one is marked, the marks have a column, and names what is left."""

    PLACE: ClassVar[Place] = "studies-table"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("studies-table")]
    COLUMNS = STUDY_COLUMNS
    GAP = 1

    def __init__(self, *, classes: str | None = None) -> None:
        super().__init__(classes=classes)
        self._empty: frozenset[str] = frozenset()
        """Columns in which nothing stands."""
        self._longest = 0
        """Characters of the longest number of trials."""

    def key(self, item: StudyRow) -> int:
        return item.id

    @property
    def keys(self) -> Sequence[int]:
        return [study.id for study in self.items]

    def columns(self, width: int) -> Sequence[Column]:
        left_out = set() if self._chosen else set(self._empty)
        if not (self.marked or self.ranging):
            left_out.add(_MARK)
        return [
            replace(column, width=max(column.width, self._longest))
            if column.key == "trials"
            else column
            for column in super().columns(width)
            if column.key not in left_out
        ]

    def show(self, items: Sequence[StudyRow], *, stay: bool = False) -> None:
        """Show these studies, and columns that are empty only where a person chose them."""
        self._longest = max((len(trials_done(study)) for study in items), default=0)
        self._empty = frozenset(
            key for key in _OF_RUNNING if not any(getattr(study, key) for study in items)
        )
        super().show(items, stay=stay)
        if self.ranging:
            self.forget_range_of_gone()
            self.show_marks()

    def show_marks(self, *, stay: bool = False) -> None:  # noqa: ARG002 - the cursor stays anyway
        self.lay_out()

    def cells(self, item: StudyRow, looks: Looks) -> dict[str, Text]:
        best = item.best
        mark = "ranged" if item.id in self.ranged else "marked" if item.id in self.marked else ""
        name = Text(item.name)
        if item.archived:
            name.append(" archived", style=looks.muted)
        return {
            _MARK: Text(_MARKS.get(mark, " "), style=f"bold {looks.accent}"),
            "state": state_text(item.state, item.desired, looks),
            "name": name,
            "model": Text(item.model, style=looks.muted),
            "trials": Text(trials_done(item)),
            "pruned": Text(str(item.counts.get("pruned", 0))),
            "collapsed": Text(str(item.counts.get("collapsed", 0))),
            "p": Text(score(best.p if best else None), style="bold"),
            "seeds": Text(str(best.seeds) if best else "–", style=looks.muted),
            "p_o": Text(score(best.p_o if best else None)),
            "p_s": Text(score(best.p_s if best else None)),
            "failed": Text(str(item.counts.get("failed", 0))),
            "sequence": Text(item.sequence),
            "preset": Text(item.preset),
            "created": Text(moment(item.created_at), style=looks.muted),
            "climb": Text(sparkline(_best_so_far(item), CLIMB_WIDTH), style=looks.good),
            "rate": Text(steps_rate(item.rate)),
            "eta": Text(duration(item.eta)),
            "note": Text(item.note or "", style=looks.muted),
        }


def _best_so_far(study: StudyRow) -> list[float]:
    """Return the best p as trials came, at equal distances up to the last one."""
    trials = max(1, sum(study.counts.values()))
    return [
        max((p for number, p in study.climb if number < trials * place / CLIMB_WIDTH), default=nan)
        for place in range(1, CLIMB_WIDTH + 1)
    ]


def fitting_studies(studies: Iterable[StudyRow], where: Filter, order: Order) -> list[StudyRow]:
    """Return the studies that fit, in an order; those without a value come last."""
    fitting = [study for study in studies if _fits(study, where)]
    known = [study for study in fitting if _value(study, order.field) is not None]
    unknown = [study for study in fitting if _value(study, order.field) is None]
    return (
        sorted(known, key=lambda study: _key(study, order.field), reverse=order.descending)
        + unknown
    )


def _key(study: StudyRow, field: str) -> tuple[float, str]:
    number = _number_of(study, field)
    return number or 0.0, (_text_of(study, field) or "").lower()


def _value(study: StudyRow, field: str) -> float | str | None:
    number = _number_of(study, field)
    return _text_of(study, field) if number is None else number


def _number_of(study: StudyRow, field: str) -> float | None:
    best = study.best
    numbers: dict[str, float | None] = {
        "p": best.p if best else None,
        "seeds": best.seeds if best else None,
        "p_o": best.p_o if best else None,
        "p_s": best.p_s if best else None,
        "trials": study.ended,
        "pruned": study.counts.get("pruned", 0),
        "collapsed": study.counts.get("collapsed", 0),
        "failed": study.counts.get("failed", 0),
        "rate": study.rate,
        "eta": study.eta,
        "created_at": study.created_at,
    }
    return numbers.get(field)


def _text_of(study: StudyRow, field: str) -> str | None:
    texts = {
        "state": study.state,
        "name": study.name,
        "model": study.model,
        "sequence": study.sequence,
        "preset": study.preset,
        "origin": study.origin,
        "note": study.note,
        ANYWHERE: f"{study.name} {study.note or ''} {study.sequence} {study.model} {study.state}",
    }
    return texts.get(field)


def _fits(study: StudyRow, where: Filter) -> bool:
    return fits(
        where, lambda field: _number_of(study, field), lambda field: _text_of(study, field) or ""
    )
