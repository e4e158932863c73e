"""How trials forget: the accuracy on earlier tasks while the last one is learnt."""

from collections.abc import Iterable
from typing import Final, Literal

from bertcl_tui.charts.forgetting import Forgetting, Line, earlier_tasks, read_by
from bertcl_tui.charts.groups import UNGROUPED, Groups
from bertcl_tui.store.trial_rows import RunCurves, TrialRow
from bertcl_tui.study.baseline import flat_name
from bertcl_tui.study.groups import MOST_GROUPED, grouped_lines
from bertcl_tui.study.look import Look
from bertcl_tui.study.panels import NONE_FITS, Panel
from bertcl_tui.widgets.chart import CurveChart
from engine.spec.run import parse_sequence
from engine.store.states import ENDED


def forgetting_of(look: Look) -> Forgetting:
    """Return the curves of the cursor's trial, those begun and those marked, and the baseline.

    Where they are grouped, of the groups that these are in, or that all listed trials make.
    """
    drawn = (*((look.cursor,) if look.cursor is not None else ()), *look.begun, *look.marked)
    lines = _grouped(look, drawn) if look.groups.by else _single(look, drawn)
    hidden = look.study.counts and not look.numbers
    return Forgetting(
        lines,
        _baseline(look, lines),
        look.study.score,
        empty=NONE_FITS if hidden else "",
        rows=look.study.retention_rows,
        notes=look.notes,
        groups=look.groups,
    )


def _single(look: Look, trials: Iterable[TrialRow]) -> tuple[Line, ...]:
    lines: dict[int, Line] = {}
    for trial in trials:
        run = look.curves.get(trial.run_id)
        if run is not None and trial.number not in lines:
            emphasis: Literal["bright", "normal"] = "bright" if trial is look.cursor else "normal"
            lines[trial.number] = line_of(trial, run, emphasis, look.slots.get(trial.number))
    return tuple(lines.values())


def _grouped(look: Look, trials: Iterable[TrialRow]) -> tuple[Line, ...]:
    bright = None if look.cursor is None else look.cursor.number
    grouped = look.grouped or trials
    return grouped_lines(
        grouped, look.repeats, look.curves, look.groups.by, bright=bright, slots=look.slots
    )


def _baseline(look: Look, lines: Iterable[Line]) -> Line | None:
    """Return the flat run, unless it is one of the lines or in one of them."""
    flat = look.flat
    run = None if flat is None else look.curves.get(flat.run_id)
    if flat is None or run is None:
        return None
    there = {each.run_id for line in lines for each in (line.run, *line.others)}
    if flat.run_id in there and look.groups.by != "seed":
        return None
    others = [look.curves.get(again.run_id) for again in look.repeats.get(flat.run_id, ())]
    return Line(
        flat_name(flat), run, "normal", others=tuple(each for each in others if each is not None)
    )


def line_of(
    trial: TrialRow,
    run: RunCurves,
    emphasis: Literal["bright", "normal"],
    slot: int | None,
) -> Line:
    """Return a trial's curve; one without a slot, for which no colour is left, is dim."""
    name = f"#{trial.number}"
    if trial.state not in ENDED:
        name = f"{trial.state} {name}"
    return Line(name, run, "dim" if slot is None else emphasis, slot)


def title_of(sequence: str, groups: Groups = UNGROUPED) -> str:
    """Return what stands above the curves of a sequence, first of all what is drawn as one."""
    tasks = parse_sequence(sequence)
    what = f"Forgetting {earlier_tasks(tasks)} while learning {tasks[-1]}"
    return f"{groups.told} ─ {what}" if groups.by else what


def _subtitle(look: Look) -> str:
    """Return on how many rows the curves are, and of how many trials, if not of all."""
    listed, most = len(look.numbers), len(look.grouped)
    cut = f"the first {most} of {listed:,} trials, " if most == MOST_GROUPED < listed else ""
    by = bool(look.groups.by)
    return cut + read_by(look.curves.values(), look.study.retention_rows, grouped=by)


PANEL: Final = Panel(
    title=lambda look: title_of(look.study.sequence, look.groups),
    subtitle=_subtitle,
    drawing=forgetting_of,
    chart=CurveChart,
)
