"""How trials forget: the accuracy on earlier tasks while the last one is learnt."""

from typing import Final, Literal

from bertcl_tui.charts.forgetting import Forgetting, Line, earlier_tasks, read_by
from bertcl_tui.store.trial_rows import RunCurves, TrialRow
from bertcl_tui.study.baseline import flat_name
from bertcl_tui.study.look import Look
from bertcl_tui.study.panels import NONE_FITS, Panel
from bertcl_tui.widgets.chart import CurveChart
from engine.spec.run import parse_sequence


def forgetting_of(look: Look) -> Forgetting:
    """Return the curves of the cursor's, the running and the marked trials, and the baseline."""
    lines: dict[int, Line] = {}
    bright = (look.cursor,) if look.cursor is not None else ()
    for trial in (*bright, *look.running, *look.marked):
        run = look.curves.get(trial.run_id)
        if run is not None and trial.number not in lines:
            emphasis: Literal["bright", "normal"] = "bright" if trial is look.cursor else "normal"
            lines[trial.number] = line_of(trial, run, emphasis, look.slots.get(trial.number))
    flat = look.flat
    drawn = flat is None or (not flat.of and flat.number in lines)
    run = None if flat is None or drawn else look.curves.get(flat.run_id)
    baseline = None if flat is None or run is None else Line(flat_name(flat), run, "normal")
    hidden = look.study.counts and not look.numbers
    return Forgetting(
        tuple(lines.values()),
        baseline,
        look.study.score,
        empty=NONE_FITS if hidden else "",
        rows=look.study.retention_rows,
        notes=look.notes,
    )


def line_of(
    trial: TrialRow,
    run: RunCurves,
    emphasis: Literal["bright", "normal"],
    slot: int | None,
) -> Line:
    """Return a trial's curve; one without a slot, for which no colour is left, is dim."""
    name = f"#{trial.number}"
    if trial.state == "running":
        name = f"running {name}"
    return Line(name, run, "dim" if slot is None else emphasis, slot)


def title_of(sequence: str) -> str:
    """Return what stands above the curves of a sequence."""
    tasks = parse_sequence(sequence)
    return f"Forgetting {earlier_tasks(tasks)} while learning {tasks[-1]}"


PANEL: Final = Panel(
    title=lambda look: title_of(look.study.sequence),
    subtitle=lambda look: read_by(look.curves.values(), look.study.retention_rows),
    drawing=forgetting_of,
    chart=CurveChart,
)
