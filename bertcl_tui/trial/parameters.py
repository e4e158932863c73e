"""What decides a run, how it got on and why it ended, as facts under headings."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from msgspec.structs import asdict

from bertcl_tui.store.trial_rows import RunFacts
from bertcl_tui.style.wording import (
    duration,
    mean_of,
    score,
    seeds_text,
    spent_text,
    stage_1_said,
    steps_rate,
    tokens_rate,
)
from engine.errors import UsageError
from engine.spec import Protocol, preset
from engine.spec.differences import facts_of

Facts = Mapping[str, str]


def parameters_of(run: RunFacts) -> Iterator[tuple[str, Facts]]:
    """Yield headings with facts, the most important first; a fact that is not known is left out.

    The first has no heading: it is about the run's state.
    """
    found = (
        ("", _state(run)),
        ("run", _run(run)),
        ("protocol", _protocol(run.spec.protocol)),
        ("time", _time(run)),
    )
    for heading, facts in found:
        known = {name: text for name, text in facts.items() if text}
        if known:
            yield heading, known


def switched(protocol: Protocol) -> Facts:
    """Return the switches of a protocol that are not as its preset has them.

    Those that it has not, as one that was stored before there was such a switch, are left out.
    """
    try:
        usual = asdict(preset(protocol.preset).protocol)
    except UsageError:
        usual = {}
    return {
        name: str(value)
        for name, value in asdict(protocol).items()
        if value is not None and value != usual.get(name)
    }


def _state(run: RunFacts) -> Facts:
    again = run.confirmation
    seeds = () if again is None else (f"{score(p)} (seed {seed})" for seed, p in again.scores)
    return {
        "reason": run.reason or "",
        "p": "" if run.p is None else f"{score(run.p)} = {score(run.p_o)} + {score(run.p_s)}",
        "mean": "" if run.raced is None else seeds_text(run.raced).removeprefix("mean "),
        "again": "" if again is None else f"{mean_of(again)}: {', '.join(seeds)}".rstrip(": "),
    }


def _run(run: RunFacts) -> Facts:
    spec = run.spec
    decided = facts_of(spec)
    own = {name: decided[name] for name in decided if name in spec.options}
    options = ", ".join(f"{name} {_short(value)}" for name, value in own.items())
    return {
        "called": run.label or "",
        "note": run.note or "",
        "sequence": str(decided["sequence"]),
        "method": f"{spec.method} with {options}" if options else spec.method,
        "stages": stage_1_said(spec.first_lr).replace("stage 1", "later ones; stage 1"),
        "seed": str(spec.seed) + _own_seed(spec.first_seed),
        "model": spec.model,
        "data": spec.data,
        "curves": "" if run.followed is None else f"on up to {run.followed:,} rows a task",
        "number": f"run {run.run_id} of this store",
    }


def _own_seed(first: int | None) -> str:
    return "" if first is None else f"; of stage 1 {first}"


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _protocol(protocol: Protocol) -> Facts:
    changed = switched(protocol)
    return {"preset": protocol.preset, **(changed or {"switches": "all as in the preset"})}


def _time(run: RunFacts) -> Facts:
    pace = filter(None, (steps_rate(run.rate), tokens_rate(run.tokens_rate)))
    return {
        "asked for": _moment(run.created_at),
        "begun": _moment(run.started_at),
        "ended": _moment(run.finished_at),
        "worked": duration(run.busy_seconds or None),
        "spent": spent_text([run.spent]),
        "step": f"{run.step} of {run.steps}" if run.steps else "",
        "pace": " · ".join(pace),
        "device": run.holder or run.spec.device,
        "threads": "" if run.threads is None else str(run.threads),
    }


def _moment(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M:%S")
