"""What came of a run, printed: its accuracies, its layers, its learning rates."""

import shutil
import sys
from collections.abc import Sequence
from typing import Any, Final

from bertcl_tui.charts.layers import LayerRow, draw_layers
from bertcl_tui.charts.rate_axis import rate_bounds
from bertcl_tui.charts.rates import ChoiceRate, draw_rates
from bertcl_tui.charts.style import Palette
from bertcl_tui.cli.output import make_table, print_line, print_text
from bertcl_tui.style.wording import score, signed
from bertcl_tui.trial.classes import TaskClasses, classes_of, taken_for_text, tasks_counted
from bertcl_tui.trial.look import SPLIT_TITLES, Accuracies, lost_lines
from engine.learning.measures import Lost
from engine.store.confusions import ConfusionRecord
from engine.store.measurements import DriftRecord

_MEASURES: Final = {
    "forgetting": "forgetting",
    "bwt": "backward transfer",
    "acc": "average accuracy",
}
_MOST_COLUMNS: Final = 100
_BOUNDS: Final = (1e-7, 1e-3)
"""Of the axis of rates: what is usually searched."""
_PLAIN: Final = Palette(
    series=("default",) * 8,
    text="default",
    muted="bright_black",
    faint="bright_black",
    highlight="bold",
    bar="blue",
    ramp=("default",),
    quiet_ramp=("default",),
)
"""The terminal's own colours: nothing tells a command what its background is."""


def print_accuracies(tasks: Sequence[str], accuracies: Accuracies) -> None:
    """Print the accuracies on each task after each stage, and their measures once all are over."""
    print_line(f"{accuracies.name} on the {SPLIT_TITLES[accuracies.split]}")
    table = make_table(["after"], tasks)
    stages = ["all at once"] if accuracies.is_at_once(len(tasks)) else tasks
    for stage, row in zip(accuracies.stages, accuracies.rows, strict=True):
        table.add_row(stages[stage], *(f"{accuracy:.3f}" for accuracy in row))
    print_text(table)
    if accuracies.is_whole(len(tasks)):
        facts = _measures(accuracies)
        of_score = {
            key: name.replace("accuracy", accuracies.name) for key, name in _MEASURES.items()
        }
        known = {name: facts[key] for key, name in of_score.items()}
        print_line(
            ", ".join(f"{name} {value:.3f}" for name, value in known.items() if value is not None)
        )
        if accuracies.other:
            print_line(accuracies.other)
        for line in lost_lines(tasks, accuracies):
            print_line(line)


def accuracy_facts(tasks: Sequence[str], accuracies: Sequence[Accuracies]) -> dict[str, Any]:
    """Return a run's accuracies as programs get them, by split."""
    return {
        item.split: {
            "matrix": item.rows,
            "after": item.stages,
            "score": item.score,
            **({"beside": item.beside} if item.other else {}),
            **(_measures(item) if item.is_whole(len(tasks)) else {}),
            **({"lost": [_lost(tasks, lost) for lost in item.lost]} if item.lost else {}),
        }
        for item in accuracies
    }


def _lost(tasks: Sequence[str], lost: Lost) -> dict[str, Any]:
    return {
        "task": tasks[lost.task],
        "lost": lost.whole,
        "encoder": lost.encoder,
        "head": lost.head,
        "new_head": {str(rows): score for rows, score in lost.again.items()},
    }


def _measures(accuracies: Accuracies) -> dict[str, float | None]:
    """Return p, p_o and p_s, and the field's measures of forgetting."""
    matrix = accuracies.matrix
    return {
        "p": matrix.p,
        "p_o": matrix.p_o,
        "p_s": matrix.p_s,
        "forgetting": matrix.forgetting,
        "bwt": matrix.backward_transfer,
        "acc": matrix.average_accuracy,
    }


def print_classes(tasks: Sequence[str], found: TaskClasses) -> None:
    """Print how much of each class of an earlier task was forgotten, and what it is taken for."""
    print_line(
        f"recall on each class of {found.name} before and after {tasks[found.stage]} is learnt, "
        f"on the {SPLIT_TITLES['search']}"
    )
    table = make_table(["class"], ["rows", "before", "after", "fall"], ["taken for"])
    for change in found.listed:
        shares = (score(change.before), score(change.after), signed(change.fall))
        table.add_row(change.label, str(change.rows), *shares, taken_for_text(change))
    print_text(table)


def class_facts(
    tasks: Sequence[str], confusions: Sequence[ConfusionRecord]
) -> list[dict[str, Any]]:
    """Return the classes of each task as programs get them, after the last stage that is over."""
    every = (classes_of(tasks, confusions, task) for task in tasks_counted(confusions))
    return [
        {
            "task": found.name,
            "after": found.stage,
            "classes": [
                {
                    "label": change.label,
                    "rows": change.rows,
                    "recall_before": change.before,
                    "recall": change.after,
                    "taken_for": dict(change.taken_for),
                }
                for change in found.changes
            ],
        }
        for found in every
        if found is not None
    ]


def print_layers(
    layers: Sequence[LayerRow], stages: Sequence[str], drifts: Sequence[DriftRecord]
) -> None:
    """Print a bar for each layer's rate, and how far it was from its beginning after each stage."""
    measured = max((row.stage for row in drifts), default=-1) + 1
    rates = tuple(layer.rate for layer in layers if layer.rate is not None)
    size = (_columns(), len(layers) + 2)
    print_text(draw_layers(layers, size, _PLAIN, rate_bounds(rates), stages[:measured]))


def layers_as_data(layers: Sequence[LayerRow]) -> list[dict[str, Any]]:
    """Return the layers as programs get them; drift is after each stage."""
    return [
        {
            "layer": layer.label,
            "choice": layer.choice,
            "learning_rate": layer.rate,
            "drift": layer.drifts,
        }
        for layer in layers
    ]


def print_rates(labels: Sequence[str], learning_rates: Sequence[float]) -> None:
    """Print a bar for each choice, on a log axis over what is usually searched, and beyond."""
    choices = [
        ChoiceRate(label=label, rate=rate)
        for label, rate in zip(labels, learning_rates, strict=True)
    ]
    bounds = (min(_BOUNDS[0], *learning_rates), max(_BOUNDS[1], *learning_rates))
    print_text(draw_rates(choices, (_columns(), len(choices) + 1), _PLAIN, bounds))


def _columns() -> int:
    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else _MOST_COLUMNS
    return min(columns, _MOST_COLUMNS)
