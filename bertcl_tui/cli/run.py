"""``run``: one method on one sequence with one seed."""

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import typer

from bertcl_tui.cli.following import INTERRUPTED, LOOK_SECONDS, standing
from bertcl_tui.cli.output import View, open_progress, print_json, print_line, say
from bertcl_tui.cli.parameters import (
    Json,
    Store,
    Texts,
    offer_method_options,
    offer_words,
    read_flags,
    with_flags,
)
from bertcl_tui.cli.results import (
    accuracy_facts,
    class_facts,
    print_accuracies,
    print_classes,
    print_rates,
)
from bertcl_tui.cli.stores import OpenedStore, opened
from bertcl_tui.store.starting import refuse_bad_store
from bertcl_tui.style.wording import duration, score, stage_1_said, steps_rate
from bertcl_tui.trial.classes import earlier_tasks
from bertcl_tui.trial.look import accuracies_of, choice_labels
from engine.errors import EngineError, UsageError, shown
from engine.profiles import read_profile
from engine.spec import RunSpec, sequence_name
from engine.spec.methods import METHODS, OptionValue, own_name, read_options
from engine.store.connection import DEFAULT_STORE
from engine.store.endings import require_not_set_aside
from engine.store.run_states import control_run, create_run
from engine.store.runs import RunRecord, get_run
from engine.store.states import ENDED
from engine.work.ask import check
from engine.work.requests import carry_profile, with_first_rate
from engine.work.tending import Tender

_WITHOUT_PROFILE: Final = ", ".join(item.name for item in METHODS if not item.takes_profile)
_WITHOUT_RATE: Final = ", ".join(
    item.name for item in METHODS if all(option.name != "lr" for option in item.options)
)

Method = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help=f"One of {', '.join(entry.name for entry in METHODS)}. Default: flat.",
        autocompletion=offer_words({entry.name: entry.summary for entry in METHODS}),
    ),
]
Rate = Annotated[
    float | None,
    typer.Option(
        "--lr",
        metavar="RATE",
        help=f"Of all layers, like 2e-5. Not for {_WITHOUT_RATE}.",
    ),
]
ProfileFile = Annotated[
    Path | None,
    typer.Option(
        "--profile",
        metavar="FILE",
        help=f"A rate for each choice: JSON as combine writes it. Not for {_WITHOUT_PROFILE}.",
    ),
]
Options = Annotated[
    list[str] | None,
    typer.Option(
        "--option",
        metavar="NAME=VALUE",
        help="The method's own, like importance=500; may be given several times.",
        autocompletion=offer_method_options,
    ),
]


FirstRate = Annotated[
    float | None,
    typer.Option(
        "--first-lr",
        metavar="RATE",
        help="Of all layers in stage 1; the other rates are for later stages then. A profile for "
        "later stages has its own.",
    ),
]


@partial(with_flags, without={"name", "method", "searched_stages", "first_lr", "budget"})
def run(
    texts: Texts,
    *,
    method: Method = "",
    lr: Rate = None,
    first_lr: FirstRate = None,
    profile: ProfileFile = None,
    option: Options = None,
    store: Store = DEFAULT_STORE,
    json: Json = False,
) -> None:
    """Learn a sequence once, with any method, and print what came of it.

    --lr alone means --method flat, and --profile alone --method profile. Ctrl-C stops the run.
    """
    spec = run_spec(texts, method, lr, profile, option or (), first_lr=first_lr)
    say("looking at tasks and model …")
    refuse_bad_store(store)
    for remark in check(spec):
        say(remark)
    with opened(store, create=True) as at:
        run_id = create_run(at.store, spec, label=_label(spec, profile))
        record = _follow(at, run_id, Tender(at.store, device=spec.device))
        if record.state != "complete":
            raise EngineError(f"run {record.id} {record.state}: {record.reason}")
        _print(at, record, json=json)


def run_spec(
    texts: Texts,
    method: str,
    lr: float | None,
    profile: Path | None,
    options: Sequence[str] = (),
    *,
    first_lr: float | None = None,
) -> RunSpec:
    """Return the run that was asked for.

    Raises:
        UsageError: something cannot be read, is not there, or does not go together.
    """
    study = read_flags(texts)
    given = dict(map(_option, options)) | ({} if lr is None else {"lr": lr})
    spec = RunSpec(
        sequence=study.sequence,
        data=study.data,
        model=study.model,
        method=own_name(method) or ("profile" if profile else "flat"),
        options=given,
        protocol=study.protocol,
        seed=study.seed,
        device=study.device,
    )
    read_options(spec.method, given, has_profile=profile is not None)
    if profile is not None:
        spec = carry_profile(spec, read_profile(profile), str(profile))
    return spec if first_lr is None else with_first_rate(spec, first_lr, "--first-lr")


def _option(text: str) -> tuple[str, OptionValue]:
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise UsageError(f"option '{shown(text)}' cannot be read; write it like importance=500")
    try:
        return name, float(value)
    except ValueError:
        return name, value


def _label(spec: RunSpec, profile: Path | None) -> str:
    rates = profile.stem if profile else _short(float(spec.options["lr"]))
    return rates if spec.method == "profile" else f"{spec.method} {rates}"


def _short(rate: float) -> str:
    mantissa, exponent = f"{rate:e}".split("e")
    return f"{float(mantissa):g}e{int(exponent)}"


def _follow(at: OpenedStore, run_id: int, tender: Tender) -> RunRecord:
    """Show on stderr how a run gets on, until it ends; Ctrl-C stops it.

    Raises:
        EngineError: it was set aside or deleted, or nobody can work on it.
    """
    pace = _Pace()
    try:
        with open_progress() as display:
            while (record := get_run(at.store, run_id)).state not in ENDED:
                require_not_set_aside(record)
                display.show(pace.view(record, tender.trouble))
                tender.tend(record.step if record.desired == "running" else None)
                time.sleep(LOOK_SECONDS)
    except KeyboardInterrupt:
        control_run(at.store, run_id, "stopped")
        say("stopped")
        raise typer.Exit(INTERRUPTED) from None
    return record


class _Pace:
    """Steps per second since the first look."""

    def __init__(self) -> None:
        self._began: tuple[float, int] | None = None

    def view(self, record: RunRecord, trouble: str | None) -> View:
        title, steps = sequence_name(record.spec.sequence), record.steps
        if record.state != "running" or trouble or not steps:
            note = standing(record.state, record.reason, trouble)
            return View(title=title, done=record.step, total=steps or 1, note=note)
        now = time.monotonic()
        began, first_step = self._began = self._began or (now, record.step)
        taken = record.step - first_step
        note = f"step {record.step}/{steps}"
        if taken > 0:
            rate = taken / (now - began)
            note += f" · {steps_rate(rate)} · ETA {duration((steps - record.step) / rate)}"
        return View(title=title, done=record.step, total=steps, note=note)


def _print(at: OpenedStore, record: RunRecord, *, json: bool) -> None:
    tasks = record.spec.sequence
    measured = at.reader.measures(record.id)
    accuracies = accuracies_of(measured.ends, measured.probes)
    if json:
        print_json(
            {
                "run": record.id,
                "sequence": sequence_name(tasks),
                "method": record.spec.method,
                "options": dict(record.spec.options),
                "label": record.label,
                "seed": record.spec.seed,
                "p": record.p,
                "p_o": record.p_o,
                "p_s": record.p_s,
                "learning_rates": record.learning_rates,
                "first_lr": record.spec.first_lr,
                "accuracy": accuracy_facts(tasks, accuracies),
                "classes": class_facts(tasks, measured.confusions),
            }
        )
        return
    print_line(
        f"{sequence_name(tasks)}, {record.label}, seed {record.spec.seed}: "
        f"p {score(record.p)}, p_o {score(record.p_o)}, p_s {score(record.p_s)}"
    )
    rates = record.learning_rates or ()
    grouping = record.spec.protocol.grouping
    print_rates(choice_labels(record.spec.model, grouping, len(rates)), rates)
    if record.spec.first_lr is not None:
        print_line(stage_1_said(record.spec.first_lr))
    for item in accuracies:
        print_line("")
        print_accuracies(tasks, item)
    for found in earlier_tasks(tasks, measured.confusions):
        print_line("")
        print_classes(tasks, found)
