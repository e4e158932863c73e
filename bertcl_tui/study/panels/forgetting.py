"""The charts of one study, made from a look at it."""

from typing import Final, Literal

from bertcl_tui.charts.forgetting import NO_TRIAL, Forgetting, Line, Nothing
from bertcl_tui.charts.rates import Rates
from bertcl_tui.store.rows import RunCurves, Scored, TrialRow
from bertcl_tui.study.importance import Importance
from bertcl_tui.study.look import Look
from bertcl_tui.study.panels.plane import Plane

_NONE_FITS: Final = "No trial fits the filter."


def forgetting_of(look: Look) -> Forgetting:
    """Return the curves of the cursor's, the running and the marked trials, and the baseline."""
    lines: dict[int, Line] = {}
    bright = (look.cursor,) if look.cursor is not None else ()
    for trial in (*bright, *look.running, *look.marked):
        run = look.curves.get(trial.run_id)
        if run is not None and trial.number not in lines:
            emphasis: Literal["bright", "normal"] = "bright" if trial is look.cursor else "normal"
            lines[trial.number] = line_of(trial, run, emphasis)
    flat = look.flat
    run = None if flat is None or flat.number in lines else look.curves.get(flat.run_id)
    baseline = None if flat is None or run is None else Line(flat_name(flat), run, "normal")
    if look.study.counts and not look.numbers:
        return Forgetting(tuple(lines.values()), baseline, empty=_NONE_FITS)
    return Forgetting(tuple(lines.values()), baseline)


def rates_of(look: Look) -> Rates | Nothing:
    """Return the rates of the cursor's trial beside the baseline's."""
    if look.cursor is None:
        return Nothing(_NONE_FITS if look.study.counts else NO_TRIAL)
    rates = look.cursor.learning_rates
    flat = look.flat
    return Rates(
        labels=look.labels[: len(rates)],
        rates=rates,
        marker="" if flat is None else flat_name(flat),
        marked_rates=() if flat is None else flat.learning_rates,
    )


def plane_of(look: Look) -> Plane:
    """Return all complete trials, the cursor's and the marked ones labelled."""
    labelled = (*((look.cursor,) if look.cursor else ()), *look.marked)
    hidden = len(look.numbers) < sum(look.study.counts.values())
    return Plane(
        trials=look.scored,
        selected=tuple(dict.fromkeys(trial.number for trial in labelled)),
        flat=look.flat,
        fitting=frozenset(look.numbers) if hidden else None,
    )


def importance_of(look: Look) -> Importance:
    """Return how much each choice matters."""
    return Importance(labels=look.labels, trials=look.scored, told=look.importance)


def flat_name(flat: Scored) -> str:
    """Return what the baseline is called."""
    return flat.label or f"flat #{flat.number}"


def line_of(
    trial: TrialRow,
    run: RunCurves,
    emphasis: Literal["bright", "normal"],
    slot: int | None = None,
) -> Line:
    """Return a trial's curve; its colour goes by its number unless a slot is given."""
    name = f"#{trial.number}"
    if trial.state == "running":
        name = f"running {name}"
    return Line(name, run, emphasis, slot=trial.number if slot is None else slot)
