"""``show``: a study, or one of its trials, in full."""

from typing import Annotated, Final

import typer
from msgspec.structs import asdict

from bertcl_tui.cli.output import make_table, print_json, print_line, print_text
from bertcl_tui.cli.parameters import Json, Store, Study
from bertcl_tui.cli.results import (
    accuracy_facts,
    class_facts,
    layers_as_data,
    print_accuracies,
    print_classes,
    print_layers,
    print_rates,
)
from bertcl_tui.cli.stores import OpenedStore, opened
from bertcl_tui.cli.studies import study_facts
from bertcl_tui.options import readers
from bertcl_tui.store.study_rows import StudyRow
from bertcl_tui.store.trial_rows import RunFacts, TrialRow
from bertcl_tui.study.writing import trial_facts
from bertcl_tui.style.wording import (
    best_text,
    duration,
    moment,
    score,
    seeds_text,
    signed,
    stage_1_said,
    trials_done,
)
from bertcl_tui.trial.classes import earlier_tasks
from bertcl_tui.trial.look import accuracies_of, choice_labels, layers_of
from bertcl_tui.trial.parameters import parameters_of
from engine.spec import Protocol, preset
from engine.store.connection import DEFAULT_STORE
from engine.store.measurements import stages_of
from engine.store.studies import StudyRecord

_PRINTED_ABOVE = ("reason", "p", "step", "called", "sequence")

_read_number: Final = readers.whole("trial", least=0, example=3)

Number = Annotated[str, typer.Argument(metavar="[TRIAL]", help="The number of a trial.")]


def show(
    study: Study, trial: Number = "", *, store: Store = DEFAULT_STORE, json: Json = False
) -> None:
    """Show a study, or one of its trials, in full."""
    with opened(store) as at:
        record = at.study(study)
        if trial:
            _show_trial(at, record, _trial(at, record, _read_number(trial)), json=json)
        else:
            _show_study(at, record, at.row(study), json=json)


def _show_study(at: OpenedStore, study: StudyRecord, row: StudyRow, *, json: bool) -> None:
    best = at.reader.chosen_trials(study.id, [row.best.number]) if row.best else ()
    if json:
        print_json(
            {
                **study_facts(row),
                "data": study.spec.data,
                "method": study.spec.method,
                "seed": study.spec.seed,
                "device": study.spec.device,
                "protocol": study.spec.protocol,
                "search": study.spec.search,
            }
        )
        return
    _print_facts(
        {
            "study": study.name,
            "sequence": row.sequence,
            "data": study.spec.data,
            "model": row.model,
            "state": f"{row.state}: {row.reason}" if row.reason else row.state,
            "searched": study.spec.method,
            "stages": _stages(study.spec.first_lr),
            "trials": f"{trials_done(row)}: {_counted(row)}",
            "best p": best_text(row.best) if row.best else "",
            "races": str(row.races or ""),
            "epochs": _spent(row),
            "ETA": duration(row.eta),
            "protocol": f"{row.preset} {_switched(study.spec.protocol)}",
            "origin": _origin(study),
            "begun": moment(row.created_at),
        }
    )
    for trial in best:
        print_line("")
        print_line(f"best trial: {_headline(trial)}")
        _print_rates(study, trial)


def _show_trial(at: OpenedStore, study: StudyRecord, trial: TrialRow, *, json: bool) -> None:
    tasks = study.spec.sequence
    measured = at.reader.measures(trial.run_id)
    accuracies, drifts = accuracies_of(measured.ends, measured.probes), measured.drifts
    stages = stages_of(at.store, trial.run_id)
    run = at.reader.run(trial.run_id)
    layers = layers_of(run.spec, run.learning_rates, drifts) if run is not None else ()
    if json:
        print_json(
            {
                **trial_facts(trial),
                "study": study.name,
                "run": trial.run_id,
                "seed": None if run is None else run.spec.seed,
                "first_lr": study.spec.first_lr,
                "tasks": tasks,
                "stages": stages,
                "accuracy": accuracy_facts(tasks, accuracies),
                "classes": class_facts(tasks, measured.confusions),
                "layers": layers_as_data(layers),
            }
        )
        return
    print_line(f"{study.name} {_headline(trial)}")
    stated = f"{trial.state}: {trial.reason}" if trial.reason else trial.state
    spans = (f"{stage.task} {stage.first_step + 1}–{stage.last_step}" for stage in stages)
    _print_facts(
        {
            "state": stated,
            "steps": f"{trial.step} of {trial.steps or 'unknown'}",
            "stages": ", ".join(spans),
            **({} if run is None else _decided(run)),
        }
    )
    if layers:
        print_line("")
        print_layers(layers, tuple(stage.task for stage in stages) or tasks, drifts)
        if run is not None and run.spec.first_lr is not None:
            print_line(stage_1_said(run.spec.first_lr))
    for item in accuracies:
        print_line("")
        print_accuracies(tasks, item)
    for found in earlier_tasks(tasks, measured.confusions):
        print_line("")
        print_classes(tasks, found)


def _decided(run: RunFacts) -> dict[str, str]:
    """Return what decided a trial, and its times."""
    facts_by_name = {name: text for _, facts in parameters_of(run) for name, text in facts.items()}
    return {name: text for name, text in facts_by_name.items() if name not in _PRINTED_ABOVE}


def _trial(at: OpenedStore, study: StudyRecord, number: int) -> TrialRow:
    at.check_trials(study, [number])
    (trial,) = at.reader.chosen_trials(study.id, [number])
    return trial


def _headline(trial: TrialRow) -> str:
    label = f" ({trial.label})" if trial.label else ""
    lost = "" if trial.forgetting is None else f", forgetting {signed(trial.forgetting)}"
    scores = f"p {score(trial.p)}, p_o {score(trial.p_o)}, p_s {score(trial.p_s)}{lost}"
    seeds = f"; {seeds_text(trial.raced)}" if trial.raced else ""
    return f"#{trial.number}{label}: {scores}{seeds}"


def _print_facts(facts: dict[str, str]) -> None:
    table = make_table(["", ""])
    table.show_header = False
    for name, text in facts.items():
        if text:
            table.add_row(name, text)
    print_text(table)


def _print_rates(study: StudyRecord, trial: TrialRow) -> None:
    if trial.learning_rates:
        print_line("")
        labels = choice_labels(
            study.spec.model, study.spec.protocol.grouping, len(trial.learning_rates)
        )
        print_rates(labels, trial.learning_rates)
        if study.spec.first_lr is not None:
            print_line(stage_1_said(study.spec.first_lr))


def _stages(first_lr: float | None) -> str:
    return "" if first_lr is None else f"later ones; {stage_1_said(first_lr)}"


def _origin(study: StudyRecord) -> str:
    if study.origin != "search":
        return study.origin
    search = study.spec.search
    order = "" if search.in_order is None else f", in order, {search.in_order} at once"
    return f"search by {search.sampler}, pruner {search.pruner}, seed {study.spec.seed}{order}"


def _spent(row: StudyRow) -> str:
    spending = row.spending
    return f"{spending.spent:.4g} of {spending.budget:g}" if spending else ""


def _counted(row: StudyRow) -> str:
    return ", ".join(f"{number} {state}" for state, number in row.counts.items()) or "none yet"


def _switched(protocol: Protocol) -> str:
    """Say which switches differ from the preset."""
    usual = asdict(preset(protocol.preset).protocol)
    changed = {name: value for name, value in asdict(protocol).items() if value != usual.get(name)}
    shown = ", ".join(f"{name} {value}" for name, value in changed.items())
    return f"with {shown}" if shown else ""
