"""``combine``: the trials of some studies into one profile."""

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import typer
from msgspec import Struct

from bertcl_tui.charts.axis import rate_label
from bertcl_tui.cli.output import make_table, print_json, print_line, print_text, say
from bertcl_tui.cli.parameters import Json, Store, offer_studies
from bertcl_tui.cli.stores import OpenedStore, opened
from bertcl_tui.combine.mixture import export_profile, farthest_change
from bertcl_tui.options.readers import trial_numbers
from bertcl_tui.style.wording import count, stage_1_said
from engine.arena.offers import finished_profile, offer
from engine.errors import shown
from engine.profiles import DEFAULT_BASE, Combined, StudyTrials, bootstrap_band, without_each_study
from engine.profiles import combine as combine_trials
from engine.store.connection import DEFAULT_STORE
from engine.store.studies import StudyRecord

_WITH_TRIALS: Final = re.compile(r"(?P<study>.+):(?P<trials>\d[\d,-]*)")
_LEAST_SHOWN: Final = 0.001

Selections = Annotated[
    list[str],
    typer.Argument(
        metavar="STUDY[:TRIALS]",
        help="A study, or some of its trials, like sst2:mrpc:1,4,7-9.",
        autocompletion=offer_studies,
    ),
]
Base = Annotated[
    float, typer.Option(metavar="B", help="How much more the better trials weigh; 1: all alike.")
]
Out = Annotated[Path | None, typer.Option(metavar="FILE", help="Write the profile to this file.")]


class Selection(Struct, frozen=True):
    """A study, and which of its trials; None: all."""

    study: str
    trials: tuple[int, ...] | None


def combine(
    studies: Selections,
    *,
    base: Base = DEFAULT_BASE,
    out: Out = None,
    store: Store = DEFAULT_STORE,
    json: Json = False,
) -> None:
    """Combine trials into one learning rate per choice, and write it as a profile."""
    with opened(store) as at:
        combined = combine_selections(at, studies, base)
        profile = finished_profile(combined, out.stem if out else "combined")
        if out is not None:
            out = export_profile(profile, out)
        _report_left_out(combined)
        if json:
            print_json(profile)
        else:
            print_combined(combined)
        say(f"profile written to {shown(out)}" if out else "write it to a file with --out FILE")


def combine_selections(
    at: OpenedStore, selections: Sequence[str], base: float = DEFAULT_BASE
) -> Combined:
    """Combine studies, or some of their trials, as they are written on a command line.

    Raises:
        UsageError: a study or trial is not there, the base is none, or nothing can be combined.
    """
    return combine_trials([_offer(at, text) for text in selections], base)


def parse_selection(text: str) -> Selection:
    """Read ``STUDY`` or ``STUDY:1,4,7-9``.

    Raises:
        UsageError: a span of trials runs backwards or is none.
    """
    match = _WITH_TRIALS.fullmatch(text)
    if match is None:
        return Selection(text, None)
    return Selection(match["study"], trial_numbers(match["trials"]))


def print_combined(combined: Combined) -> None:
    """Print the rates with their bands, and what each trial weighs."""
    band = bootstrap_band(combined)
    rates = make_table(["choice"], ["learning rate", "5 %", "95 %"])
    labels = combined.grouping.labels()
    for label, *values in zip(labels, combined.learning_rates, band.low, band.high, strict=True):
        rates.add_row(label, *map(rate_label, values))
    print_text(rates)
    print_line("")
    _print_weights(combined)
    print_line("")
    for without in without_each_study(combined):
        print_line(f"without {without.study}: {farthest_change(without, labels)}")
    if combined.first_lr is not None:
        print_line(f"for later stages, {stage_1_said(combined.first_lr)}")
    trials = sum(len(study.trials) for study in combined.studies)
    effective = f"{combined.effective_trials:.1f} effective trials of {trials}"
    print_line(f"b = {combined.base:g}: {effective}")


def _print_weights(combined: Combined) -> None:
    table = make_table(["study"], ["trial", "rank", "p", "weight"])
    light: list[float] = []
    for study in combined.studies:
        for trial in study.trials:
            weight = trial.weight / len(combined.studies)
            if weight < _LEAST_SHOWN:
                light.append(weight)
                continue
            numbers = (str(trial.number), str(trial.rank), f"{trial.p:.3f}", f"{weight:.1%}")
            table.add_row(study.study, *numbers)
    print_text(table)
    if light:
        print_line(f"and {count(len(light), 'trial')} of {sum(light):.1%} together")


def _offer(at: OpenedStore, text: str) -> StudyTrials:
    study, numbers = selected(at, text)
    if numbers is None:
        return offer(study, at.reader.trials(study.id).rows)
    return offer(study, at.reader.chosen_trials(study.id, numbers))


def selected(at: OpenedStore, text: str) -> tuple[StudyRecord, tuple[int, ...] | None]:
    """Return the study that ``STUDY`` or ``STUDY:1,4,7-9`` names, and its trials; None: all.

    Raises:
        UsageError: a study or trial is not there.
    """
    names = {row.name for row in at.reader.studies()}
    selection = Selection(text, None) if text in names else parse_selection(text)
    study = at.study(selection.study)
    if selection.trials is not None:
        at.check_trials(study, selection.trials)
    return study, selection.trials


def _report_left_out(combined: Combined) -> None:
    numbers: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for trial in combined.left_out:
        numbers[trial.study, trial.reason].append(trial.number)
    for (study, reason), trials in numbers.items():
        say(f"left out of {study}, {reason}: {', '.join(map(str, trials))}")
    for refusal in combined.refusals:
        say(f"refused {refusal.study}: {refusal.reason}")
