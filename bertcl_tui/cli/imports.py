"""``import``: a log of the paper's authors as a finished study."""

from pathlib import Path
from typing import Annotated, Final

import typer
from msgspec.structs import replace

from bertcl_tui.cli.output import say
from bertcl_tui.cli.parameters import Store
from bertcl_tui.cli.stores import opened
from bertcl_tui.options import option
from bertcl_tui.style.wording import count
from engine.errors import UsageError, shown
from engine.profiles import LoggedTrial, make_grouping, read_authors_log
from engine.spec import StudySpec, parse_sequence, preset, sequence_name
from engine.store.connection import DEFAULT_STORE
from engine.store.studies import FinishedTrial, free_name, import_study
from engine.tasks.models import stated_shape

_PRESET: Final = "original-code"
_PAIR: Final = 2
_LAYERS: Final = 12
"""Of the authors' backbone."""
_RATES: Final = 10

Log = Annotated[
    Path, typer.Argument(metavar="LOG", help="One line of numbers, thirteen for each trial.")
]
Sequence = Annotated[
    str, typer.Option(metavar="A:B", help="The two tasks, in the order in which they were learnt.")
]
Model = Annotated[str, typer.Option(metavar="NAME", help="The backbone that learnt.")]
Grouping = Annotated[
    str, typer.Option(metavar="NAME", help="How its layers were grouped: original-code or paper.")
]
Name = Annotated[
    str, typer.Option(metavar="NAME", help="What the study is called; by default its sequence.")
]


def import_log(
    log: Log,
    *,
    sequence: Sequence,
    model: Model = "bert-base-uncased",
    grouping: Grouping = _PRESET,
    name: Name = "",
    store: Store = DEFAULT_STORE,
) -> None:
    """Read a log of the paper's authors as a finished study.

    Trials that collapsed are marked so in their label. They count in a combination, as they did in
    the authors' own; name the others to leave them out.
    """
    trials = read_authors_log(log)
    spec = _spec(trials, sequence, model, grouping, name)
    with opened(store, create=True) as at:
        if not name:
            spec = replace(spec, name=free_name(at.store, spec.name))
        finished = [_finished(trial) for trial in trials]
        import_study(at.store, spec, finished, origin=f"import {log.name}")
    collapsed = sum(trial.collapsed_in is not None for trial in trials)
    say(f"study {spec.name}: {count(len(trials), 'trial')} imported, {collapsed} of them collapsed")


def _spec(
    trials: tuple[LoggedTrial, ...], sequence: str, model: str, grouping: str, name: str
) -> StudySpec:
    tasks = parse_sequence(sequence)
    if len(tasks) != _PAIR:
        raise UsageError(
            f"a log is about two tasks, and '{shown(sequence)}' has {len(tasks)}; name a pair"
        )
    chosen = preset(_PRESET)
    backbone = str(option("model").read(model))
    _refuse_other_depth(backbone, grouping)
    return StudySpec(
        name=str(option("name").read(name)) if name else sequence_name(tasks),
        sequence=tasks,
        data="hub",
        model=backbone,
        protocol=replace(chosen.protocol, grouping=grouping),
        search=replace(chosen.search, trials=len(trials)),
    )


def _refuse_other_depth(model: str, grouping: str) -> None:
    shape = stated_shape(model)
    choices = make_grouping(grouping, shape.n_layers if shape else _LAYERS).n_choices
    if choices != _RATES:
        raise UsageError(
            f"a log has {_RATES} learning rates a trial, and '{shown(model)}' has {choices} "
            "choices; name the backbone that learnt with --model"
        )


def _finished(trial: LoggedTrial) -> FinishedTrial:
    return FinishedTrial(
        learning_rates=trial.learning_rates,
        accuracies=((trial.p_o_before,), (trial.p_o, trial.p_s)),
        label=f"collapsed in {trial.collapsed_in}" if trial.collapsed_in else None,
    )
