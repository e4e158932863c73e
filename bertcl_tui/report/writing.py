"""Reports as files: what is asked of the store becomes charts, tables and sentences of a page."""

import shlex
from collections.abc import Iterable, Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from bertcl_tui.charts.axis import rate_label
from bertcl_tui.charts.forgetting import measured_on
from bertcl_tui.charts.rate_axis import rate_bounds
from bertcl_tui.report import facts, sheets
from bertcl_tui.report.drawing import Ink, inks_of
from bertcl_tui.report.figures import (
    DASH_GLYPHS,
    MOST_POINTS,
    forgetting_figure,
    plane_figure,
    rates_figure,
)
from bertcl_tui.report.page import write_page
from bertcl_tui.report.reproduction import command_of_search, commands_of_run
from bertcl_tui.report.study import MOST_OPEN, StudyLook, look_for_report
from bertcl_tui.store.reader import Reader
from bertcl_tui.study.baseline import flat_baseline
from bertcl_tui.study.panels.forgetting import line_of, title_of
from bertcl_tui.style.wording import at_the_beginning, count, headway, moment, stage_1_said
from engine.spec.protocol import SCORE_NAMES
from engine.tasks.models import model_title

PROGRAM: Final = "bertcl-tui"


class Chip(Struct, frozen=True, kw_only=True):
    """Something that can be switched on and off in the charts."""

    key: str
    name: str
    shown: bool
    colour: str = ""
    glyph: str = ""


def chips_of(inks: Sequence[Ink], shown: Iterable[str]) -> list[Chip]:
    """Return a chip for each of these."""
    on = set(shown)
    return [
        Chip(key=ink.key, name=ink.name, shown=ink.key in on, colour=ink.colour) for ink in inks
    ]


def write_study_report(reader: Reader, study_id: int, out: Path) -> int:
    """Write the report of a study; return how many bytes it has. May block.

    Raises:
        UsageError: the study is gone, the file cannot be written, or a library is missing.
    """
    look = look_for_report(reader, study_id)
    charts, values = _charts(look)
    trials, lines = sheets.trials_sheet(look)
    best = look.best
    return write_page(
        "study.html.jinja",
        charts,
        out,
        **values,
        **stamp(look.at),
        title=look.row.name,
        facts=_facts(look),
        abstract=facts.abstract(look),
        headlines=facts.headlines(look),
        importance=sheets.importance_sheet(look),
        trials=trials,
        lines=lines,
        most_open=MOST_OPEN,
        stages=[*facts.stage_sheets(look), *facts.class_sheets(look)],
        protocol=sheets.protocol_sheet(look.record.spec.protocol),
        search=sheets.search_sheet(look),
        machine=sheets.machine_sheet(reader, look),
        search_command=command_of_search(look.record.spec),
        best_commands=""
        if best is None
        else commands_of_run(best.run.spec, f"trial-{best.trial.number}"),
        best_number=0 if best is None else best.trial.number,
        report_command=report_command(look.row.name, reader.store, out),
        left_out=list(_left_out(look)),
    )


def stamp(at: float) -> dict[str, str]:
    """Return when and by which version a report was written."""
    return {"written": moment(at), "version": metadata.version(PROGRAM)}


def report_command(what: str, store: str, out: Path) -> str:
    """Return the command that writes the same report."""
    words = [PROGRAM, "report", what, "--out", out.name, "--store", Path(store).name]
    return shlex.join(words if "://" not in store else words[:-2])


def _facts(look: StudyLook) -> list[str]:
    row = look.row
    return [
        row.sequence if row.sequence != row.name else "",
        f"model {model_title(row.model)}",
        f"{row.preset} preset",
        row.state,
        headway(row),
        f"begun {moment(row.created_at)}",
    ]


def _charts(look: StudyLook) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the charts, and what the page says of them."""
    flat = look.flat.trial if look.flat is not None else None
    names = {str(trial.number): look.name_of(trial) for trial in look.drawn}
    inks = inks_of(names, None if flat is None else str(flat.number))
    shown = [str(trial.number) for trial in look.drawn if trial.number in look.first_shown]
    lines = {
        str(trial.number): line_of(trial, run, "normal", None)
        for trial in look.drawn
        if (run := look.curves.get(trial.run_id)) is not None and run.curves
    }
    charts: dict[str, Any] = {}
    tasks: tuple[str, ...] = ()
    if lines:
        charts["forgetting"], tasks = forgetting_figure(lines, inks, shown, look.row.score)
    if not tasks:
        charts.clear()
    if look.drawn:
        rates = {str(trial.number): trial.learning_rates for trial in look.drawn}
        bounds = rate_bounds(tuple(rate for several in rates.values() for rate in several))
        charts["rates"] = rates_figure(rates, look.labels, inks, shown, bounds)
    if look.scored:
        baseline = flat_baseline(look.scored)
        crossed = None if baseline is None else (baseline.p_s, baseline.p_o)
        charts["plane"] = plane_figure(_points(look), inks, shown, crossed)
    first = stage_1_said(look.row.first_lr)
    said = measured_on(look.curves.values(), look.row.retention_rows)
    values = {
        "trial_chips": chips_of(inks, shown),
        "task_chips": _task_chips(tasks),
        "score_name": at_the_beginning(SCORE_NAMES[look.row.score]),
        "forgetting_title": title_of(look.row.sequence),
        "curves_said": f"{at_the_beginning(said)}.",
        "stage_1_said": f"; {first}" if first else "",
        "plane_said": _plane_said(look),
    }
    return charts, values


def _plane_said(look: StudyLook) -> str:
    trials = count(len(look.scored), "complete trial")
    crossed = "" if look.flat is None else "; the dashed lines cross at the flat baseline"
    return f"{trials}, with their own seeds. The line is the Pareto front{crossed}."


def _task_chips(tasks: Sequence[str]) -> list[Chip]:
    glyphs = (DASH_GLYPHS[place % len(DASH_GLYPHS)] for place in range(len(tasks)))
    return [
        Chip(key=task, name=task, shown=task == tasks[0], glyph=glyph)
        for task, glyph in zip(tasks, glyphs, strict=True)
    ]


def _points(look: StudyLook) -> list[dict[str, Any]]:
    front = look.front()
    return [
        {
            "trial": str(each.number),
            "name": f"#{each.number}" + (f" {each.label}" if each.label else ""),
            "p": round(each.p, 5),
            "p_o": round(each.p_o, 5),
            "p_s": round(each.p_s, 5),
            "rates": " ".join(map(rate_label, each.learning_rates)),
            "front": each.number in front,
        }
        for each in look.scored
    ]


def _left_out(look: StudyLook) -> Iterator[str]:
    name, trials = shlex.quote(look.row.name), look.trials
    if len(look.drawn) < trials:
        drawn = count(len(look.drawn), "trial")
        yield (
            f"Curves and rates are those of {drawn} of {trials:,}: the best, the baseline, what is "
            "running, then by p."
        )
    longest = max(
        (len(curve.steps) for run in look.curves.values() for curve in run.curves), default=0
    )
    if longest > MOST_POINTS:
        yield f"A curve has {MOST_POINTS} points at most; in the store the longest has {longest:,}."
    complete = look.row.counts.get("complete", 0)
    if len(look.scored) < complete:
        yield f"The plane shows the best {len(look.scored):,} of {complete:,} complete trials."
    if len(look.listed) < trials:
        yield (
            f"The table has {len(look.listed):,} of {trials:,} trials; all of them, with every "
            f"digit: {PROGRAM} trials {name} --out trials.csv"
        )
    yield "The store has no versions of the libraries that trials were learnt with."
    yield "Another machine, or another number of threads, moves the last digits."
