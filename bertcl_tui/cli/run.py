"""``run``: one method on one sequence with one seed."""

import time
from pathlib import Path
from typing import Annotated, Final

import typer
from msgspec.structs import replace

from bertcl_tui.choices import choice_labels
from bertcl_tui.cli.accuracies import accuracies_of, accuracy_facts, print_accuracies
from bertcl_tui.cli.flags import Texts, read_flags
from bertcl_tui.cli.following import INTERRUPTED, LOOK_SECONDS
from bertcl_tui.cli.output import print_json, print_line, say
from bertcl_tui.cli.parameters import Json, Store
from bertcl_tui.cli.progress import View, open_progress
from bertcl_tui.cli.rates import print_rates
from bertcl_tui.cli.stores import OpenedStore, opened
from bertcl_tui.cli.tending import Tender
from bertcl_tui.starting import refuse_bad_store
from bertcl_tui.wording import duration, score, steps_rate
from engine.errors import EngineError, UsageError
from engine.profiles import Profile, read_profile
from engine.profiles.rates import is_rate
from engine.spec import Protocol, RunSpec, sequence_name
from engine.store.connection import DEFAULT_STORE
from engine.store.runs import RunRecord, create_run, get_run, wish_for_run
from engine.store.states import ENDED
from engine.tasks.shape import stated_shape
from engine.work.requests import check

_METHODS: Final = ("flat", "profile")

Method = Annotated[
    str,
    typer.Option(
        metavar="NAME", help="flat: one rate for all layers; profile: one for each choice."
    ),
]
Rate = Annotated[float | None, typer.Option("--lr", metavar="RATE", help="For flat, like 2e-5.")]
ProfileFile = Annotated[
    Path | None,
    typer.Option("--profile", metavar="FILE", help="For profile: JSON as combine writes it."),
]


def run(
    texts: Texts,
    *,
    method: Method = "",
    lr: Rate = None,
    profile: ProfileFile = None,
    store: Store = DEFAULT_STORE,
    json: Json = False,
) -> None:
    """Learn a sequence once, with one learning rate or a profile, and print what came of it.

    --lr alone means --method flat, and --profile alone --method profile. Ctrl-C stops the run.
    """
    spec = _spec(texts, method, lr, profile)
    say("looking at tasks and model …")
    refuse_bad_store(store)
    check(spec)
    with opened(store, create=True) as at:
        run_id = create_run(at.store, spec, label=_label(lr, profile))
        record = _follow(at, run_id, Tender(at.store, device=spec.device))
        if record.state != "complete":
            raise EngineError(f"run {record.id} {record.state}: {record.reason}")
        _print(at, record, json=json)


def _spec(texts: Texts, method: str, lr: float | None, profile: Path | None) -> RunSpec:
    study = read_flags(texts)
    chosen = method or ("profile" if profile else "flat")
    if chosen not in _METHODS:
        raise UsageError(f"no method named '{chosen}'; use one of {', '.join(_METHODS)}")
    spec = RunSpec(
        sequence=study.sequence,
        data=study.data,
        model=study.model,
        method=chosen,
        protocol=study.protocol,
        seed=study.seed,
        device=study.device,
    )
    return _flat(spec, lr, profile) if chosen == "flat" else _with_profile(spec, lr, profile)


def _flat(spec: RunSpec, lr: float | None, profile: Path | None) -> RunSpec:
    if profile is not None:
        raise UsageError("method flat takes no profile; use --lr, or --method profile")
    if lr is None:
        raise UsageError("method flat needs a learning rate; use --lr 2e-5")
    if not is_rate(lr):
        raise UsageError(f"learning rate {lr} must be above 0 and at most 1; use --lr 2e-5")
    return replace(spec, options={"lr": lr})


def _with_profile(spec: RunSpec, lr: float | None, file: Path | None) -> RunSpec:
    if lr is not None:
        raise UsageError("method profile takes no --lr; its file has a rate for each choice")
    if file is None:
        raise UsageError("method profile needs a profile; use --profile FILE")
    profile = read_profile(file)
    shape = stated_shape(spec.model)
    if shape is not None and shape.layers != profile.backbone.layers:
        raise UsageError(
            f"profile {file} is for {profile.backbone.layers} layers, and '{spec.model}' has "
            f"{shape.layers}; give a profile of that depth"
        )
    return replace(
        spec,
        learning_rates=profile.learning_rates,
        protocol=_grouped_as(spec.protocol, profile, file),
    )


def _grouped_as(protocol: Protocol, profile: Profile, file: Path) -> Protocol:
    preset = profile.grouping.preset
    if preset == "custom":
        raise UsageError(
            f"profile {file} groups layers in its own way; a run knows paper and original-code"
        )
    return replace(protocol, grouping=preset)


def _label(lr: float | None, profile: Path | None) -> str | None:
    if profile is not None:
        return profile.stem
    return None if lr is None else f"flat {_short(lr)}"


def _short(rate: float) -> str:
    mantissa, exponent = f"{rate:e}".split("e")
    return f"{float(mantissa):g}e{int(exponent)}"


def _follow(at: OpenedStore, run_id: int, tender: Tender) -> RunRecord:
    """Show on stderr how a run gets on, until it ends; Ctrl-C stops it."""
    pace = _Pace()
    try:
        with open_progress() as display:
            while (record := get_run(at.store, run_id)).state not in ENDED:
                if record.steps:
                    display.show(pace.view(record, record.steps))
                tender.tend(record.step)
                time.sleep(LOOK_SECONDS)
    except KeyboardInterrupt:
        wish_for_run(at.store, run_id, "stopped")
        say("stopped")
        raise typer.Exit(INTERRUPTED) from None
    return record


class _Pace:
    """Steps per second since the first look."""

    def __init__(self) -> None:
        self._began: tuple[float, int] | None = None

    def view(self, record: RunRecord, steps: int) -> View:
        now = time.monotonic()
        began, first_step = self._began = self._began or (now, record.step)
        taken = record.step - first_step
        note = f"step {record.step}/{steps}"
        if taken > 0:
            rate = taken / (now - began)
            note += f" · {steps_rate(rate)} · ETA {duration((steps - record.step) / rate)}"
        title = sequence_name(record.spec.sequence)
        return View(title=title, done=record.step, total=steps, note=note)


def _print(at: OpenedStore, record: RunRecord, *, json: bool) -> None:
    tasks = record.spec.sequence
    accuracies = accuracies_of(at.store, record.id)
    if json:
        print_json(
            {
                "run": record.id,
                "sequence": sequence_name(tasks),
                "method": record.spec.method,
                "label": record.label,
                "seed": record.spec.seed,
                "p": record.p,
                "p_o": record.p_o,
                "p_s": record.p_s,
                "learning_rates": record.learning_rates,
                "accuracy": accuracy_facts(tasks, accuracies),
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
    for item in accuracies:
        print_line("")
        print_accuracies(tasks, item)
