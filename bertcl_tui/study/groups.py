"""Which runs of a study are drawn as one line: those of a profile, of a method, with a seed."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final, Literal

from msgspec import Struct

from bertcl_tui.charts.forgetting import Line
from bertcl_tui.charts.groups import By
from bertcl_tui.store.trial_rows import Repeat, RunCurves, TrialRow

MOST_GROUPED: Final = 200
"""Trials whose runs are drawn as a few lines."""
_NAMED: Final = ("method", "seed")
"""Groups that have a name of their own, and a colour by their place."""
Repeats = Mapping[int, tuple[Repeat, ...]]
"""The complete runs of trials with other seeds, by the trials' own runs."""


class _Member(Struct, frozen=True, kw_only=True):
    """A run, and what it has in common with others."""

    trial: TrialRow
    run: RunCurves
    seed: int


def asked_for(by: By, marked: Collection[int], listed: Sequence[int]) -> Sequence[int]:
    """Return the numbers of the trials that are grouped: the marked ones, else all that are listed.

    By profile none besides those that are drawn anyway: each would be a line.
    """
    if by in ("", "profile"):
        return ()
    return (sorted(marked) if marked else listed)[:MOST_GROUPED]


def grouped_lines(
    trials: Iterable[TrialRow],
    repeats: Repeats,
    curves: Mapping[int, RunCurves],
    by: By,
    *,
    bright: int | None,
    slots: Mapping[int, int],
) -> tuple[Line, ...]:
    """Return a line for each group, in the order of its first trial.

    Args:
        trials: whose runs are grouped.
        repeats: their runs with other seeds.
        curves: of all these runs, as far as there are any.
        by: what the runs of a group have in common.
        bright: number of the trial whose group stands out.
        slots: colour and glyph of trials, by number; a profile has those of its trial.
    """
    groups: dict[object, list[_Member]] = {}
    for member in _members(trials, repeats, curves):
        groups.setdefault(_common(member, by), []).append(member)
    return tuple(
        _line(group, by, bright, place if by in _NAMED else slots.get(group[0].trial.number))
        for place, group in enumerate(groups.values())
    )


def _members(
    trials: Iterable[TrialRow], repeats: Repeats, curves: Mapping[int, RunCurves]
) -> Iterator[_Member]:
    for trial in {trial.number: trial for trial in trials}.values():
        runs = [(trial.run_id, trial.seed)]
        runs += [(again.run_id, again.seed) for again in repeats.get(trial.run_id, ())]
        for run_id, seed in runs:
            if run_id in curves:
                yield _Member(trial=trial, run=curves[run_id], seed=seed)


def _common(member: _Member, by: By) -> object:
    match by:
        case "method":
            return member.trial.kind
        case "seed":
            return member.seed
        case _:
            return member.trial.learning_rates or member.trial.number


def _line(group: Sequence[_Member], by: By, bright: int | None, slot: int | None) -> Line:
    """Return a group's line; one without a slot, for which no colour is left, is dim."""
    first, *others = group
    stands_out = any(member.trial.number == bright for member in group)
    emphasis: Literal["bright", "normal"] = "bright" if stands_out else "normal"
    names = {"method": first.trial.kind, "seed": f"seed {first.seed}"}
    return Line(
        names.get(by, f"#{first.trial.number}"),
        first.run,
        "dim" if slot is None else emphasis,
        slot,
        others=tuple(member.run for member in others),
    )
