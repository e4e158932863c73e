"""How the runs of a cell forget: their mean over seeds with its band, against the reference's."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from bertcl_tui.arena.grid import CellPlace
from bertcl_tui.arena.look import Look
from bertcl_tui.charts.forgetting import (
    Forgetting,
    Line,
    Nothing,
    read_by,
)
from bertcl_tui.charts.groups import By, Groups, count_meant, is_over
from bertcl_tui.store.reader import Reader
from bertcl_tui.store.trial_rows import RunCurves
from bertcl_tui.style.wording import count
from bertcl_tui.widgets.chart import CurveChart
from bertcl_tui.widgets.frame import entitle
from engine.arena.entrants import reference_of
from engine.spec import Protocol
from engine.store.runs import RunRecord

OFFERED: Final[tuple[By, ...]] = ("method", "seed")
"""A cell is of one method: its seeds are one line, or each is one."""


class CellCurves(Struct, frozen=True, kw_only=True):
    """What was measured of the runs of a cell, and of the reference's on the same sequence."""

    title: str
    seeds: tuple[tuple[int, RunCurves], ...]
    reference: str
    """Name of the row that others are compared with; empty: it is this one."""
    referred: tuple[RunCurves, ...]
    protocol: Protocol
    """Of its runs."""


def look_at_curves(reader: Reader, look: Look, place: CellPlace) -> CellCurves:
    """Ask the store for the curves of a cell. May block."""
    row, column = place
    place_of_reference = look.layout.entrants.index(reference_of(look.layout.entrants))
    runs = _runs(look, row, column)
    ids = {run.id: run.spec.seed for run in runs}
    own = {run.run_id: run for run in reader.curves(ids)}
    others: Sequence[RunCurves] = ()
    if row != place_of_reference:
        others = reader.curves([run.id for run in _runs(look, place_of_reference, column)])
    return CellCurves(
        title=look.entrant(row).title,
        seeds=tuple(sorted((seed, own[run_id]) for run_id, seed in ids.items() if run_id in own)),
        reference=look.entrant(place_of_reference).title if others else "",
        referred=tuple(run for run in others if is_over(run)),
        protocol=runs[0].spec.protocol if runs else Protocol(),
    )


def _runs(look: Look, row: int, column: int) -> Sequence[RunRecord]:
    found = look.runs(row, column)
    return () if found is None else found.runs


def forgetting_of(cell: CellCurves, groups: Groups) -> Forgetting | Nothing:
    """Return the curve of a cell, or of each of its seeds, and the reference's mean, dashed."""
    if not cell.seeds:
        return Nothing("Nothing measured here yet.")
    runs = [run for _, run in cell.seeds]
    if groups.by == "seed":
        lines = [Line(f"seed {seed}", run, "normal") for seed, run in cell.seeds]
    else:
        lines = [Line(cell.title, runs[0], "bright", others=tuple(runs[1:]))]
    baseline = None
    if cell.reference and cell.referred:
        first, *others = cell.referred
        baseline = Line(cell.reference, first, "normal", others=tuple(others))
    return Forgetting(tuple(lines), baseline, runs[0].score, groups=groups)


def on_rows(cell: CellCurves) -> str:
    """Say on which rows the curves are: the table above them is on the validation rows."""
    runs = [run for _, run in cell.seeds]
    told = read_by(runs, cell.protocol.retention_rows, grouped=True)
    return f"{told} held-out" if told and cell.protocol.selection == "held-out" else told


class CurvesPanel(CurveChart):
    """Shows how the runs of the cell under the cursor forget."""

    DEFAULT_CLASSES = "panel"

    def __init__(self) -> None:
        super().__init__()
        self._cell: CellCurves | None = None
        self.groups = Groups(by="method")

    def show_cell(self, cell: CellCurves) -> None:
        """Show this cell."""
        self._cell = cell
        entitle(self, f"{self._told(cell)} ─ {cell.title}", on_rows(cell))
        self.show(forgetting_of(cell, self.groups))

    def _told(self, cell: CellCurves) -> str:
        if self.groups.by == "seed":
            return "Forgetting of each seed"
        seeds = count_meant([run for _, run in cell.seeds])
        return f"Forgetting, {self.groups.band} of {count(seeds, 'seed')}"

    def regroup(self, groups: Groups) -> None:
        """Group its seeds in another way, or show another band."""
        self.groups = groups
        if self._cell is not None:
            self.show_cell(self._cell)
