"""``import``: what other programs found, as trials of a finished study or as a profile."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import typer
from msgspec import Struct
from msgspec.structs import replace

from bertcl_tui.cli.foreign import Rates, from_llrd, pairs_of, scores_of
from bertcl_tui.cli.output import say
from bertcl_tui.cli.parameters import HeadNames, Store, names_in, offer_words, refuse_unused
from bertcl_tui.cli.stores import opened
from bertcl_tui.combine.mixture import export_profile
from bertcl_tui.options import option
from bertcl_tui.style.wording import count
from engine.errors import UsageError, shown
from engine.files import check_target, expanded
from engine.profiles import (
    Backbone,
    Grouping,
    LoggedTrial,
    Profile,
    make_grouping,
    published_profile,
    read_authors_log,
)
from engine.spec import StudySpec, parse_sequence, preset, sequence_name
from engine.store.connection import DEFAULT_STORE
from engine.store.studies import FinishedTrial, free_name, import_study
from engine.tasks.models import USUAL_MODEL, stated_shape
from engine.trainers.imports import (
    KINDS,
    LOG,
    PROFILE,
    TRIALS,
    count_rate_columns,
    kind_of,
    read_rates,
    read_trials_table,
)
from engine.work.ask import parameter_names

_AUTHORS: Final = "original-code"
_PAPER: Final = "paper"
_PAIR: Final = 2
_ENDS: Final = 2
"""Embeddings and heads, which are choices too."""
_LAYERS: Final = 12
"""Of the authors' backbone."""
_RATES: Final = 10

File = Annotated[
    Path | None,
    typer.Argument(
        metavar="FILE",
        help="A log, a CSV of trials, an optimizer's groups, or what export writes for a trainer.",
    ),
]
Tasks = Annotated[
    str,
    typer.Option(
        metavar="A:B",
        help="The two tasks, in the order in which they were learnt.",
        show_default=False,
    ),
]
Model = Annotated[str, typer.Option(metavar="NAME", help="The backbone that learnt.")]
GroupingName = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="How its layers are grouped: paper, or original-code as in the authors' logs.",
        show_default=False,
    ),
]
Name = Annotated[
    str, typer.Option(metavar="NAME", help="What the study is called; by default its sequence.")
]
From = Annotated[
    str,
    typer.Option(
        "--from",
        metavar="KIND",
        help=f"What the file is, where it does not show: {', '.join(KINDS)}.",
        show_default=False,
        autocompletion=offer_words(KINDS),
    ),
]
Llrd = Annotated[
    str,
    typer.Option(
        metavar="RATE,DECAY",
        help="Instead of a file: the heads' rate, and the factor from layer to layer.",
        show_default=False,
    ),
]
Scores = Annotated[
    str,
    typer.Option(
        metavar="P_O,P_S",
        help="What rates came to: accuracies after the second task, on the first and on it.",
        show_default=False,
    ),
]
ColumnNames = Annotated[
    str,
    typer.Option(
        metavar="NAME=COLUMN,…",
        help="What a CSV calls p_o, p_s, p_o_before, label, state, lr0…, lr or decay.",
        show_default=False,
    ),
]
Out = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write the rates as a profile to this file.")
]


class _Asked(Struct, frozen=True, kw_only=True):
    """What was typed of a study."""

    sequence: str
    model: str
    grouping: str
    name: str


class _Study(Struct, frozen=True, kw_only=True):
    """A finished study, as it is to be remembered."""

    spec: StudySpec
    trials: Sequence[FinishedTrial]
    source: str
    """Of the trials: a file's name, or what was typed."""
    said: str = ""
    """What else is to be known of them."""


def import_trials(
    context: typer.Context,
    file: File = None,
    *,
    sequence: Tasks = "",
    kind: From = "",
    llrd: Llrd = "",
    scores: Scores = "",
    columns: ColumnNames = "",
    model: Model = USUAL_MODEL,
    grouping: GroupingName = "",
    head_names: HeadNames = "",
    name: Name = "",
    out: Out = None,
    store: Store = DEFAULT_STORE,
) -> None:
    """Read what other programs found: logs, CSVs of trials, and the rates of other trainers.

    Trials become those of a finished study: they are listed, compared and combined like others, and
    later searches on that backbone begin with the best of them. Rates alone become a trial with
    --scores, or a profile with --out.

    Of a log of the paper's authors, trials that collapsed are marked so in their label. They count
    in a combination, as they did in the authors' own; name the others to leave them out.
    """
    model = str(option("model").read(model))
    found = None if file is None else kind_of(file, kind)
    if (file is None) == (not llrd):
        raise UsageError("name a file to import, or --llrd RATE,DECAY instead of one")
    if columns and found != TRIALS:
        raise UsageError("--columns are those of a CSV of trials; leave them away")
    asked = _Asked(
        sequence=sequence,
        model=model,
        grouping=grouping or (_AUTHORS if found == LOG else _PAPER),
        name=name,
    )
    if file is not None and found in (LOG, TRIALS):
        if scores or out is not None:
            raise UsageError(
                "a file of trials has scores of its own; leave --scores and --out away"
            )
        refuse_unused(context, ["head_names"], f"for {KINDS[found]}")
        study = _logged(file, asked) if found == LOG else _tabled(file, asked, pairs_of(columns))
        _remember(study, asked, store)
        return
    _refuse_unused_of_rates(context, found, is_trial=bool(scores))
    heads = names_in(head_names)
    rates = _rates(file, str(found), llrd, asked, heads)
    if not scores and out is None:
        raise UsageError(
            "rates alone are no trial: say what they came to with --scores P_O,P_S, or write them "
            "as a profile with --out FILE, and run that"
        )
    tried = _tried(rates, scores, asked) if scores else None
    if out is not None:
        check_target(expanded(out), makes_folder=True)
    for note in rates.notes:
        say(note)
    if tried is not None:
        _remember(tried, asked, store)
    if out is not None:
        written = export_profile(_profile(rates, asked.model, out.stem), out)
        say(f"profile written to {shown(written)}")


def _refuse_unused_of_rates(context: typer.Context, kind: str | None, *, is_trial: bool) -> None:
    """Refuse what says nothing of rates of a kind; None: they were typed, after --llrd."""
    if kind is None:
        refuse_unused(context, ["kind", "head_names"], "with --llrd")
    if kind == PROFILE:
        refuse_unused(context, ["grouping", "head_names"], f"for {KINDS[kind]}, which says it all")
    if not is_trial:
        refuse_unused(context, ["sequence", "name", "store"], "without --scores P_O,P_S")


def _logged(file: Path, asked: _Asked) -> _Study:
    trials = read_authors_log(file)
    spec = _spec(asked, len(trials), like=_AUTHORS)
    _refuse_other_depth(asked)
    collapsed = sum(trial.collapsed_in is not None for trial in trials)
    return _Study(
        spec=spec,
        trials=[*map(_finished, trials)],
        source=file.name,
        said=f", {collapsed} of them collapsed",
    )


def _tabled(file: Path, asked: _Asked, columns: dict[str, str]) -> _Study:
    grouping = _grouping(asked, choices=count_rate_columns(file, columns))
    table = read_trials_table(file, grouping, columns)
    left_out = f"; {count(table.left_out, 'row')} left out that did not end"
    return _Study(
        spec=_spec(asked, len(table.trials)),
        trials=table.trials,
        source=file.name,
        said=left_out if table.left_out else "",
    )


def _tried(rates: Rates, scores: str, asked: _Asked) -> _Study:
    return _Study(
        spec=_spec(replace(asked, grouping=rates.preset), 1),
        trials=[scores_of(scores, rates)],
        source=rates.source,
    )


def _rates(file: Path | None, kind: str, llrd: str, asked: _Asked, heads: tuple[str, ...]) -> Rates:
    if file is None:
        return from_llrd(llrd, _grouping(asked))
    read = read_rates(
        file, kind, asked.grouping, lambda head: parameter_names(asked.model, head), heads
    )
    layers, others = read.grouping.n_layers, _layers(asked.model)
    if layers != (others or layers):
        raise UsageError(
            f"{shown(file)} is for {count(layers, 'layer')}, and '{shown(asked.model)}' has "
            f"{others}; name the backbone that learnt with --model"
        )
    return Rates(
        grouping=read.grouping,
        learning_rates=read.learning_rates,
        source=file.name,
        label=file.stem,
        notes=read.notes,
    )


def _remember(study: _Study, asked: _Asked, store: str) -> None:
    spec = study.spec
    with opened(store, create=True) as at:
        if not asked.name:
            spec = replace(spec, name=free_name(at.store, spec.name))
        import_study(at.store, spec, study.trials, origin=f"import {study.source}")
    say(f"study {spec.name}: {count(len(study.trials), 'trial')} imported{study.said}")


def _spec(asked: _Asked, trials: int, *, like: str = "default") -> StudySpec:
    if not asked.sequence:
        raise UsageError(
            "Missing option '--sequence': the two tasks that were learnt, such as sst2:mrpc"
        )
    tasks = parse_sequence(asked.sequence)
    if len(tasks) != _PAIR:
        raise UsageError(
            f"an import is about two tasks, and '{shown(asked.sequence)}' has {len(tasks)}; "
            "name a pair"
        )
    chosen = preset(like)
    return StudySpec(
        name=str(option("name").read(asked.name)) if asked.name else sequence_name(tasks),
        sequence=tasks,
        data="hub",
        model=asked.model,
        protocol=replace(chosen.protocol, grouping=asked.grouping),
        search=replace(chosen.search, trials=trials),
    )


def _grouping(asked: _Asked, choices: int = 0) -> Grouping:
    """Return the grouping; of a backbone that nothing is known of, by its number of choices."""
    layers = _layers(asked.model)
    if layers is None and _ENDS < choices < _RATES:  # a layer each
        layers = choices - _ENDS
    return make_grouping(asked.grouping, layers or _LAYERS)


def _layers(model: str) -> int | None:
    """Return how many layers a backbone has to group; None: nothing on this machine says it."""
    shape, authors = stated_shape(model), published_profile().backbone
    if shape is None:
        return authors.layers if model == authors.name else None
    return shape.n_layers


def _refuse_other_depth(asked: _Asked) -> None:
    choices = _grouping(asked).n_choices
    if choices != _RATES:
        raise UsageError(
            f"a log has {_RATES} learning rates a trial, and '{shown(asked.model)}' has {choices} "
            "choices; name the backbone that learnt with --model"
        )


def _profile(rates: Rates, model: str, name: str) -> Profile:
    shape = stated_shape(model)
    hidden = shape.hidden_size if shape and shape.n_layers == rates.grouping.n_layers else None
    return Profile(
        name=name,
        backbone=Backbone(model, rates.grouping.n_layers, hidden),
        grouping=rates.grouping,
        learning_rates=rates.learning_rates,
        source=f"Read from {rates.source}.",
    )


def _finished(trial: LoggedTrial) -> FinishedTrial:
    return FinishedTrial(
        learning_rates=trial.learning_rates,
        accuracies=((trial.p_o_before,), (trial.p_o, trial.p_s)),
        label=f"collapsed in {trial.collapsed_in}" if trial.collapsed_in else None,
    )
