"""What was found in a study, in sentences and tables: the words of its screens, as plain text."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import asdict

from bertcl_tui.charts.style import LIGHT
from bertcl_tui.options import OPTIONS
from bertcl_tui.report.reproduction import commands_of_run
from bertcl_tui.report.study import Chosen, StudyLook
from bertcl_tui.store.reader import Reader
from bertcl_tui.store.trial_rows import Confirmation, TrialRow
from bertcl_tui.study.columns import TrialColumn, TrialLine, trial_columns
from bertcl_tui.study.importance import importance_text, sign_of, weighed_choices
from bertcl_tui.study.look import flat_name
from bertcl_tui.style.looks import Looks
from bertcl_tui.style.wording import (
    at_the_beginning,
    count,
    duration,
    mean_of,
    moment,
    score,
    spent_text,
)
from bertcl_tui.trial.look import SPLIT_TITLES, Accuracies
from engine.arena.offers import software
from engine.errors import UsageError
from engine.spec import Protocol, preset
from engine.spec.protocol import SCORE_NAMES, WHERE_NONE

PLAIN: Final = Looks(text="", muted="", accent="", good="", warning="", bad="", palette=LIGHT)
"""Where no colour is said."""
_LISTED: Final = ("number", "p", "mean", "confirmed", "p_o", "p_s", "rates", "state", "note")
"""Columns of trials, by their keys."""
_UNSET: Final = {**WHERE_NONE, "budget_epochs": "none", "in_order": "no", "body_bounds": "by size"}


class Sheet(Struct, frozen=True, kw_only=True):
    """A table of texts."""

    caption: str
    heads: tuple[str, ...]
    align: str
    """A letter for each column: ``l`` or ``r``."""
    rows: tuple[tuple[str, ...], ...]


class Again(Struct, frozen=True):
    """A line of a table, and how it is run again."""

    cells: tuple[str, ...]
    commands: str


def headlines(look: StudyLook) -> Sheet:
    """Return what is to be seen first: scores over seeds, and what is retained."""
    told = {
        f"#{chosen.trial.number}, {title}": _told(look, chosen) for title, chosen in _told_of(look)
    }
    names = dict.fromkeys(name for each in told.values() for name in each)
    return Sheet(
        caption="The best trial, and the best one that has one rate for all choices.",
        heads=("", *told),
        align="l" + "r" * len(told),
        rows=tuple((name, *(each.get(name, "–") for each in told.values())) for name in names),
    )


def _told_of(look: StudyLook) -> Iterator[tuple[str, Chosen]]:
    """Yield the trials that are told of in full, with what they are; one may be both."""
    best, flat = look.best, look.flat
    if best is not None:
        is_flat = flat is not None and flat.trial.number == best.trial.number
        yield "the best and the flat baseline" if is_flat else "the best", best
    if flat is not None and (best is None or flat.trial.number != best.trial.number):
        yield "flat baseline", flat


def _told(look: StudyLook, chosen: Chosen) -> dict[str, str]:
    trial, first = chosen.trial, look.tasks[0]
    raced, again = trial.raced, trial.confirmation
    told = {
        "p with its own seed": score(trial.p),
        "mean p over its seeds": "" if raced is None else _over_seeds(raced),
        "p_o: kept": score(trial.p_o),
        "p_s: learnt": score(trial.p_s),
        **dict(_kept(look, chosen, first)),
        "confirmed with fresh seeds": "" if again is None else _over_seeds(again),
        "p on the validation rows": score(trial.reported_p),
    }
    return {name: text for name, text in told.items() if text not in {"", score(None)}}


def _kept(look: StudyLook, chosen: Chosen, first: str) -> Iterator[tuple[str, str]]:
    """Yield how well the first task was known when it was learnt, and how well at the end."""
    found = next((each for each in chosen.accuracies if each.split == "search"), None)
    if found is None or not found.is_whole(len(look.tasks)):
        return
    matrix = found.matrix
    if matrix.forgetting is not None:
        yield f"{found.name} on {first}, after its stage → at the end", _change(found, 0)
        yield "forgetting", f"{matrix.forgetting:.3f}"


def _change(found: Accuracies, task: int) -> str:
    return f"{score(found.rows[task][task])} → {score(found.matrix.last[task])}"


def abstract(look: StudyLook) -> list[str]:
    """Return what was found, in a few sentences."""
    row, best, flat = look.row, look.best, look.flat
    if best is None or row.best is None:
        return [
            f"{count(look.trials, 'trial')} so far; none is complete."
            if look.trials
            else "No trial yet."
        ]
    half = "" if row.best.half_width is None else f" ± {row.best.half_width:.3f}"
    kind = f"the mean of {count(row.best.seeds, 'seed')}" if row.best.seeds > 1 else "with one seed"
    complete = count(row.counts.get("complete", 0), "complete trial")
    found = [
        (
            f"The best of {complete} is #{row.best.number}: p = {row.best.p:.3f}{half}, {kind} "
            f"(p_o {row.best.p_o:.3f}, p_s {row.best.p_s:.3f})."
        )
    ]
    if flat is None:
        found.append("No trial with one rate for all choices is complete: there is no baseline.")
    elif flat.trial.number == best.trial.number:
        found.append("It has one rate for all choices: it is the flat baseline itself.")
    else:
        scored = next(each for each in look.scored if each.number == flat.trial.number)
        found.append(
            f"The best with one rate for all choices, {flat_name(scored)}, comes to "
            f"p = {_mean(flat.trial)}."
        )
    return [*found, *_retained(look)]


def _mean(trial: TrialRow) -> str:
    if trial.raced is None:
        return f"{score(trial.p)} with one seed"
    return f"{mean_of(trial.raced)} over {count(len(trial.raced.scores), 'seed')}"


def _over_seeds(several: Confirmation) -> str:
    return f"{mean_of(several)} ({count(len(several.scores), 'seed')})"


def _retained(look: StudyLook) -> Sequence[str]:
    """Say what the best trial still knows of the first task, beside what the baseline does."""
    told = [
        f"{title} {change}"
        for title, chosen in _told_of(look)
        for name, change in _kept(look, chosen, look.tasks[0])
        if "→" in name
    ]
    if not told:
        return []
    what, first, last = at_the_beginning(SCORE_NAMES[look.row.score]), look.tasks[0], look.tasks[-1]
    learnt = f"{what} on {first} before and after {last} is learnt"
    return [f"{learnt}, on the rows that score trials: {'; '.join(told)}."]


# tables


def trials_sheet(look: StudyLook) -> tuple[Sheet, tuple[Again, ...]]:
    """Return the trials as their table has them, each with how it is run again."""
    columns = _columns(look)
    sheet = Sheet(
        caption=_of_how_many(look),
        heads=tuple(column.label for column in columns),
        align="".join("r" if column.align == "right" else "l" for column in columns),
        rows=(),
    )
    lines = tuple(
        Again(
            _cells(columns, trial),
            commands_of_run(look.specs[trial.run_id], f"trial-{trial.number}"),
        )
        for trial in look.listed
        if trial.run_id in look.specs
    )
    return sheet, lines


def _columns(look: StudyLook) -> list[TrialColumn]:
    """Return the columns of trials, without those in which nothing stands."""
    by_key = {column.key: column for column in trial_columns(look.labels)}
    listed = [by_key[key] for key in _LISTED]
    cells = [_cells(listed, trial) for trial in look.listed]
    return [column for place, column in enumerate(listed) if any(row[place] for row in cells)]


def _cells(columns: Sequence[TrialColumn], trial: TrialRow) -> tuple[str, ...]:
    line = TrialLine(trial.number, trial)
    return tuple(column.cell(line, PLAIN).plain for column in columns)


def _of_how_many(look: StudyLook) -> str:
    if look.trials <= len(look.listed):
        return f"{count(look.trials, 'trial')}, best first."
    return f"The first {len(look.listed):,} of {count(look.trials, 'trial')}, best first."


def stage_sheets(look: StudyLook) -> Iterator[Sheet]:
    """Yield what the best trial and the baseline knew of each task when each stage was over."""
    for title, chosen in _told_of(look):
        for found in chosen.accuracies:
            yield Sheet(
                caption=f"#{chosen.trial.number}, {title}: {found.name} after each stage on the "
                f"{SPLIT_TITLES[found.split]}.",
                heads=("after", "steps", *look.tasks),
                align="ll" + "r" * len(look.tasks),
                rows=tuple(_stage_rows(look, chosen, found)),
            )


def _stage_rows(look: StudyLook, chosen: Chosen, found: Accuracies) -> Iterator[tuple[str, ...]]:
    stages = chosen.curves.stages if chosen.curves else ()
    at_once = found.is_at_once(len(look.tasks))
    for stage, accuracies in zip(found.stages, found.rows, strict=True):
        span = stages[stage] if stage < len(stages) else None
        steps = "" if span is None else f"{span.first_step + 1}–{span.last_step}"
        cells = [score(accuracy) for accuracy in accuracies]
        blank = [""] * (len(look.tasks) - len(cells))
        yield ("all at once" if at_once else look.tasks[stage], steps, *cells, *blank)


def importance_sheet(look: StudyLook) -> Sheet | None:
    """Return what matters; None where it was not weighed, or the rates are lost that were."""
    weighed = look.importance
    if weighed is None or not look.scored:
        return None
    choices = weighed_choices(look.labels, weighed, look.scored)
    if choices is None:
        return None
    return Sheet(
        caption=f"What matters: {importance_text(weighed)}. + and −: a higher rate goes with a "
        "better or a worse p.",
        heads=("choice", "", "share"),
        align="lcr",
        rows=tuple(
            (label, sign_of(correlation), f"{share:.0%}") for label, share, correlation in choices
        ),
    )


def protocol_sheet(protocol: Protocol) -> Sheet:
    """Return every switch of a protocol."""
    usual = asdict(_preset(protocol.preset, "protocol"))
    return _switches("The protocol", asdict(protocol), usual, protocol.preset)


def search_sheet(look: StudyLook) -> Sheet:
    """Return every setting of the search."""
    spec = look.record.spec
    values = {
        "method": spec.method,
        "seed": spec.seed,
        "device": spec.device,
        **asdict(spec.search),
    }
    usual = asdict(_preset(spec.protocol.preset, "search"))
    return _switches("The search", values, usual, spec.protocol.preset)


def _preset(name: str, part: str) -> Struct:
    try:
        found = getattr(preset(name), part)
    except UsageError:
        found = getattr(preset("default"), part)
    assert isinstance(found, Struct)
    return found


def _switches(
    title: str, values: Mapping[str, Any], usual: Mapping[str, Any], preset_name: str
) -> Sheet:
    helps = {option.target: option.help for option in OPTIONS}
    return Sheet(
        caption=f"{title} in full; what is not as in preset {preset_name} says so.",
        heads=("switch", "value", "in the preset", "what it is"),
        align="llll",
        rows=tuple(
            (
                name.replace("_", " "),
                _word(name, value),
                _word(name, usual[name]) if name in usual and usual[name] != value else "",
                helps.get(name, ""),
            )
            for name, value in values.items()
        ),
    )


def _word(name: str, value: Any) -> str:  # noqa: ANN401 - a number, a word or a switch
    match value:
        case None:
            return _UNSET.get(name, "–")
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:g}"
        case tuple() | list():
            return " to ".join(f"{each:g}" for each in value)
        case _:
            return str(value)


def machine_sheet(reader: Reader, look: StudyLook) -> Sheet:
    """Return what the store knows of where the best trial was learnt, and the versions here."""
    chosen = look.best or look.flat
    facts: dict[str, str] = {}
    if chosen is not None:
        run = chosen.run
        lines = reader.log(run_id=run.run_id)
        facts = {
            "machine": ", ".join(dict.fromkeys(line.host for line in lines if line.host)),
            "device": run.holder or run.spec.device,
            "threads": "" if run.threads is None else str(run.threads),
            "begun": moment(run.started_at),
            "worked": duration(run.busy_seconds or None),
            "spent": spent_text([run.spent]),
        }
    told = (
        {f"#{chosen.trial.number}, {name}": text for name, text in facts.items()} if chosen else {}
    )
    versions = {f"{name} (here)": text for name, text in software().items()}
    return Sheet(
        caption="Where the best trial was learnt, as far as the store knows, and the versions "
        "with which this report was written.",
        heads=("", ""),
        align="ll",
        rows=tuple((name, text) for name, text in (told | versions).items() if text),
    )
