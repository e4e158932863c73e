"""One look at a run: rates, drift and accuracies, what can be done with it, and its charts."""

from collections.abc import Iterator, Sequence
from math import nan
from statistics import fmean
from typing import Final

from msgspec import Struct
from rich.text import Text

from bertcl_tui.charts.forgetting import Learning, Nothing
from bertcl_tui.charts.groups import Groups
from bertcl_tui.charts.layers import LayerRow
from bertcl_tui.charts.rate_axis import rate_bounds
from bertcl_tui.charts.steps import StageSpan, Steps, StepSeen
from bertcl_tui.charts.style import Palette, Size
from bertcl_tui.store.reader import Reader
from bertcl_tui.store.trial_rows import RunCurves, RunFacts
from bertcl_tui.style.wording import score, signed, stage_1_said
from engine.errors import UsageError
from engine.learning.measures import AccuracyMatrix, Lost, Probes, matrix_of, where_lost
from engine.profiles.grouping import Grouping, make_grouping
from engine.spec import RunSpec
from engine.spec.protocol import SCORE_NAMES, Score, rate_factor
from engine.store.confusions import ConfusionRecord
from engine.store.measurements import DriftRecord, Split, StageEnds
from engine.store.states import ENDED, RETRIED
from engine.store.traces import TraceRecord
from engine.tasks.models import backbone_of

_ENDS: Final = 2
"""Embeddings and heads."""
SPLIT_TITLES: Final[dict[Split, str]] = {
    "search": "rows that score trials",
    "validation": "validation rows, which no search has seen",
}
_OTHER: Final[dict[Score, Score]] = {"accuracy": "macro-f1", "macro-f1": "accuracy"}
_WAITING: Final = ("queued", "lost")


class Accuracies(Struct, frozen=True):
    """What was measured on one split at the ends of the stages that are over."""

    split: Split
    rows: tuple[tuple[float, ...], ...]
    stages: tuple[int, ...]
    """After which stage each row was measured; for the report that may be the last alone."""
    score: Score = "accuracy"
    """What the rows are of."""
    beside: tuple[float | None, ...] = ()
    """The other one of accuracy and macro-F1, at the end, by task; None: not measured."""
    lost: tuple[Lost, ...] = ()
    """In head or encoder, where linear probes told."""

    def is_at_once(self, tasks: int) -> bool:
        """Whether so many tasks were learnt in one stage."""
        return self.stages == (0,) and len(self.rows[0]) == tasks > 1

    @property
    def name(self) -> str:
        """What people call the score."""
        return SCORE_NAMES[self.score]

    @property
    def other(self) -> str:
        """What the numbers beside are called and come to; nothing, where they are not known."""
        if not self.beside or None in self.beside:
            return ""
        told = " · ".join(f"{value:.3f}" for value in self.beside if value is not None)
        return f"{SCORE_NAMES[_OTHER[self.score]]} at the end {told}"

    @property
    def matrix(self) -> AccuracyMatrix:
        return AccuracyMatrix(self.rows)

    def is_whole(self, tasks: int) -> bool:
        """Whether every stage is over, given how many tasks there are."""
        return len(self.rows) == tasks or (len(self.rows) == 1 and len(self.rows[0]) == tasks)


class RunLook(Struct, frozen=True, kw_only=True):
    """What the store said of a run."""

    run: RunFacts
    abandoned: bool
    """Whether it shall run, but no worker lives."""
    curves: RunCurves | None
    accuracies: tuple[Accuracies, ...]
    probes: Probes
    drifts: tuple[DriftRecord, ...]
    layers: tuple[LayerRow, ...]
    traces: tuple[TraceRecord, ...]
    other_seeds: tuple[RunCurves, ...]
    """Complete runs that differ from it by their seed alone."""
    confusions: tuple[ConfusionRecord, ...]


def look_at_run(reader: Reader, run_id: int, before: RunLook | None = None) -> RunLook | None:
    """Ask the store; None where there is no such run any more.

    Args:
        reader: of the store.
        run_id: which run.
        before: the last look, for what cannot have changed since.
    """
    run = reader.run(run_id)
    if run is None:
        return None
    measured = reader.measures(run_id)
    return RunLook(
        run=run,
        abandoned=_is_abandoned(reader, run),
        curves=next(iter(reader.curves([run_id])), None),
        accuracies=accuracies_of(measured.ends, measured.probes),
        probes=measured.probes,
        drifts=measured.drifts,
        layers=_layers(run, measured.drifts, before),
        traces=measured.traces,
        other_seeds=measured.other_seeds,
        confusions=measured.confusions,
    )


def _is_abandoned(reader: Reader, run: RunFacts) -> bool:
    waits = run.desired == "running" and run.state in _WAITING
    return waits and all(worker.state == "lost" for worker in reader.workers())


def _layers(
    run: RunFacts, drifts: tuple[DriftRecord, ...], before: RunLook | None
) -> tuple[LayerRow, ...]:
    if before is not None and (before.run.run_id, before.run.learning_rates, before.drifts) == (
        run.run_id,
        run.learning_rates,
        drifts,
    ):
        return before.layers
    return layers_of(run.spec, run.learning_rates, drifts)


def accuracies_of(ends: StageEnds, probes: Probes | None = None) -> tuple[Accuracies, ...]:
    """Return a run's accuracies on the splits that score it and that report it."""
    return tuple(
        Accuracies(
            split,
            matrix_of(own).rows,
            tuple(end.stage for end in own),
            own[-1].score,
            own[-1].beside,
            where_lost(matrix_of(own), probes) if probes and split == "search" else (),
        )
        for split, own in ends.items()
    )


def lost_lines(tasks: Sequence[str], item: Accuracies) -> Sequence[str]:
    """Say of each earlier task how much of it was lost in the encoder, and how much in its head."""
    return [
        f"{tasks[lost.task]} lost {signed(lost.whole)}: encoder {signed(lost.encoder)}, "
        f"head {signed(lost.head)}; a new head has "
        + ", ".join(f"{score:.3f} by {rows} rows" for rows, score in sorted(lost.again.items()))
        for lost in item.lost
    ]


def probed_notes(name: str, accuracies: Sequence[Accuracies], probes: Probes) -> Iterator[str]:
    """Say what probes tell of a run by the last stage that is over, in fewer and fewer words.

    Args:
        name: of the run, for a chart of several; empty: there is no other.
        accuracies: at the ends of the stages that are over.
        probes: what they found at these.
    """
    lost = [each for item in accuracies for each in item.lost]
    begun = f"{name} " if name else ""
    if lost:
        whole, encoder, head = (
            signed(fmean(getattr(each, part) for each in lost))
            for part in ("whole", "encoder", "head")
        )
        yield f"{begun}lost {whole}: encoder {encoder}, head {head}"
        yield f"{begun}lost: encoder {encoder}, head {head}"
        yield f"lost: encoder {encoder}, head {head}"
        yield f"encoder {encoder}, head {head}"
    elif probes:
        stage = max(stage for stage, _ in probes)
        found = [known[max(known)] for (after, _), known in probes.items() if after == stage]
        yield f"{begun}encoder by a new head {score(fmean(found))} after stage {stage + 1}"
        yield f"{begun}encoder by a new head {score(fmean(found))}"
        yield f"new head {score(fmean(found))}"


def can_be_controlled(action: str, run: RunFacts | None) -> bool:
    """Whether an action means anything to a run; one that asks nothing of it always does."""
    if action not in {"pause_or_resume", "stop_run", "retry"}:
        return True
    if run is None:
        return False
    goes_on = run.state not in ENDED
    return {
        "pause_or_resume": goes_on and run.desired != "stopped",
        "stop_run": goes_on and run.desired != "stopped",
        "retry": run.state in RETRIED and not run.imported,
    }[action]


def layers_of(
    spec: RunSpec, learning_rates: Sequence[float], drifts: Sequence[DriftRecord]
) -> tuple[LayerRow, ...]:
    """Return the layers from the embeddings to the heads.

    Where the backbone's depth is not known, its choices stand for them. May block: a hub name is
    looked up in the hub's local cache.

    Args:
        spec: of the run.
        learning_rates: one per choice; empty: not known yet.
        drifts: as they were measured.
    """
    moved = {(row.place, row.stage): row.drift for row in drifts}
    stages = range(max((row.stage for row in drifts), default=-1) + 1)
    return tuple(
        LayerRow(
            label=label,
            choice=choice,
            rate=learning_rates[choice] if learning_rates and choice is not None else None,
            drifts=tuple(moved.get((place, stage)) for stage in stages),
        )
        for place, (label, choice) in enumerate(_named(spec, len(learning_rates), drifts))
    )


def _named(
    spec: RunSpec, choices: int, drifts: Sequence[DriftRecord]
) -> Sequence[tuple[str, int | None]]:
    """Return the layers' names with the choice each belongs to."""
    grouping = _measured(spec, drifts) or grouping_of(spec.model, spec.protocol.grouping, choices)
    if grouping is not None and grouping.n_choices != choices:
        grouping = None
    if grouping is not None:
        names = enumerate(_layer_names(grouping.n_layers), start=1)
        between = [(name, grouping.choice_of_layer(layer)) for layer, name in names]
        return [("embeddings", 0), *between, ("heads", choices - 1)]
    if drifts and not choices:
        return [(row.layer, None) for row in drifts if row.stage == drifts[0].stage]
    labels = choice_labels(spec.model, spec.protocol.grouping, choices)
    return [(label, choice) for choice, label in enumerate(labels)]


def _layer_names(layers: int) -> list[str]:
    return [f"layer {layer}" for layer in range(1, layers + 1)]


def _measured(spec: RunSpec, drifts: Sequence[DriftRecord]) -> Grouping | None:
    """Return which layers share a rate, where drift says how many there are."""
    heads = max((row.place for row in drifts), default=0)
    return make_grouping(spec.protocol.grouping, heads - 1) if heads > 1 else None


def choice_labels(model: str, preset: str, choices: int) -> tuple[str, ...]:
    """Name the choices of a study: by their layers where these are known, else by number."""
    grouping = grouping_of(model, preset, choices) if choices > _ENDS else None
    if grouping is not None:
        return grouping.labels()
    between = (f"choice {index}" for index in range(1, max(0, choices - _ENDS) + 1))
    return ("embeddings", *between, "heads")[:choices]


def grouping_of(model: str, preset: str, choices: int) -> Grouping | None:
    """Return which layers share a rate, None where the backbone's depth is not known here.

    May block: a hub name is looked up in the hub's local cache.

    Args:
        model: the study's backbone.
        preset: its protocol's grouping.
        choices: how many learning rates its trials have.
    """
    try:
        grouping = make_grouping(preset, backbone_of(model, choices).layers)
    except UsageError:
        return None
    return grouping if grouping.n_choices == choices else None


class Layers(Struct, frozen=True, kw_only=True):
    """Layers, and the stages whose drift is known."""

    layers: tuple[LayerRow, ...]
    stages: tuple[str, ...]

    def draw(self, size: Size, palette: Palette) -> Text:
        from bertcl_tui.charts.layers import draw_layers

        rates = tuple(layer.rate for layer in self.layers if layer.rate is not None)
        return draw_layers(self.layers, size, palette, rate_bounds(rates), self.stages)


def learning_of(look: RunLook, groups: Groups) -> Learning | Nothing:
    """Return what every task scores over all stages, in this run or with every seed."""
    if look.curves is None or not look.curves.curves:
        return Nothing(why_nothing(look.run, "measured"))
    rows = look.run.spec.protocol.retention_rows
    notes = tuple(probed_notes("", look.accuracies, look.probes))
    return Learning(look.curves, rows, notes, others=look.other_seeds, groups=groups)


def steps_of(look: RunLook) -> Steps | Nothing:
    """Return what single steps of a run did."""
    stages = () if look.curves is None else look.curves.stages
    if not look.traces or not stages:
        return Nothing(why_nothing(look.run, "looked at"))
    spans = tuple(
        StageSpan(name=stage.task, first_step=stage.first_step, last_step=stage.last_step)
        for stage in stages
    )
    layers = max(len(trace.ratios) for trace in look.traces) - _ENDS
    return Steps(
        seen=tuple(_seen(trace, spans, look.run.spec.protocol.warmup) for trace in look.traces),
        stages=spans,
        labels=("embeddings", *_layer_names(layers), "heads"),
    )


def _seen(trace: TraceRecord, stages: Sequence[StageSpan], warmup: float) -> StepSeen:
    number = next(number for number, stage in enumerate(stages) if trace.step <= stage.last_step)
    stage = stages[number]
    steps, taken = stage.last_step - stage.first_step, trace.step - stage.first_step
    return StepSeen(
        step=trace.step,
        stage=number,
        loss=nan if trace.loss is None else trace.loss,
        share=rate_factor(taken - 1, steps, warmup),
        ratios=tuple(nan if ratio is None else 10.0**ratio for ratio in trace.ratios),
    )


def layers_of_run(look: RunLook) -> Layers | Nothing:
    """Return every layer's rate and drift."""
    if not look.layers:
        return Nothing("Its method says its rates when it begins.")
    stages = max((row.stage for row in look.drifts), default=-1) + 1
    return Layers(layers=look.layers, stages=stage_names(look)[:stages])


def stage_names(look: RunLook) -> tuple[str, ...]:
    """Return the tasks of the stages; all at once is one stage."""
    if look.curves is not None and look.curves.stages:
        return tuple(stage.task for stage in look.curves.stages)
    return look.run.spec.sequence


def notes_on(run: RunFacts) -> str:
    """Say what a run is called, why it ended, and what each fresh seed gave."""
    notes = [run.note or "", run.label or "", run.reason or ""]
    for several in filter(None, (run.raced, run.confirmation)):
        seeds = [f"seed {seed} p {score(p)}" for seed, p in several.scores]
        notes.append(", ".join(seeds))
    return " · ".join(note for note in notes if note)


def note_on_drift(look: RunLook) -> str:
    """Say with what stage 1 was learnt, and what drift is, or why there is none."""
    stage_1 = stage_1_said(look.run.spec.first_lr)
    return " · ".join(filter(None, (stage_1, _of_drift(look))))


def _of_drift(look: RunLook) -> str:
    if look.drifts:
        return "drift: its change after each stage"
    if look.run.state in ENDED:
        return "drift was not measured"
    return "drift is measured when a stage is over"


def note_on_steps(look: RunLook) -> str:
    """Say what the numbers at the rows' ends are."""
    if not look.traces:
        return ""
    return "last loss and rate, median update / weight"


def why_nothing(run: RunFacts, what: str) -> str:
    """Say why there is nothing to show."""
    if run.imported:
        return "It was imported: only its result is known."
    if run.state == "queued":
        return "It waits for a worker."
    if run.state == "complete":
        return f"Nothing that was {what} is kept."
    if run.state in ENDED:
        return f"Nothing was {what} before it ended."
    return f"Nothing {what} yet."
