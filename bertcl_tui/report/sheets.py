"""The tables of a report: trials, what matters, every switch, and where it was learnt; as text."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import asdict

from bertcl_tui.charts.style import LIGHT
from bertcl_tui.options import OPTIONS
from bertcl_tui.report.reproduction import commands_of_run
from bertcl_tui.report.study import StudyLook
from bertcl_tui.store.reader import Reader
from bertcl_tui.store.trial_rows import TrialRow
from bertcl_tui.study.cells import TrialLine
from bertcl_tui.study.columns import TrialColumn, trial_columns
from bertcl_tui.study.importance import importance_text, sign_of, weighed_choices
from bertcl_tui.style.looks import Looks
from bertcl_tui.style.wording import (
    count,
    duration,
    moment,
    spent_text,
)
from engine.arena.offers import software
from engine.errors import UsageError
from engine.spec import Protocol, preset
from engine.spec.protocol import WHERE_NONE

PLAIN: Final = Looks(text="", muted="", accent="", good="", warning="", bad="", palette=LIGHT)
"""Where no colour is said."""
_LISTED: Final = (
    "number",
    "p",
    "mean",
    "confirmed",
    "p_o_before",
    "p_o",
    "forgetting",
    "p_s",
    "rates",
    "state",
    "note",
)
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
        lines = reader.log.last(run_id=run.run_id)
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
