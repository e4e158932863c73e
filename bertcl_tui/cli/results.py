"""The accuracy matrix of a run: a[i][j] is the accuracy on task j after stage i."""

from collections.abc import Sequence
from typing import Any

from bertcl_tui.cli.output import make_table, print_line, print_text
from bertcl_tui.trial.accuracies import SPLIT_TITLES, Accuracies

_MEASURES = {"forgetting": "forgetting", "bwt": "backward transfer", "acc": "average accuracy"}


def print_accuracies(tasks: Sequence[str], accuracies: Accuracies) -> None:
    """Print the matrix, and what follows from it once all stages are over."""
    print_line(f"accuracy on the {SPLIT_TITLES[accuracies.split]}")
    table = make_table(["after"], tasks)
    all_at_once = len(accuracies.rows) == 1 and len(accuracies.rows[0]) == len(tasks)
    stages = ["all at once"] if all_at_once else tasks
    for stage, row in zip(stages, accuracies.rows, strict=False):
        table.add_row(stage, *(f"{accuracy:.3f}" for accuracy in row))
    print_text(table)
    if accuracies.is_whole(len(tasks)):
        facts = measures(accuracies)
        known = {name: facts[key] for key, name in _MEASURES.items()}
        print_line(
            ", ".join(f"{name} {value:.3f}" for name, value in known.items() if value is not None)
        )


def measures(accuracies: Accuracies) -> dict[str, float | None]:
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


def accuracy_facts(tasks: Sequence[str], accuracies: Sequence[Accuracies]) -> dict[str, Any]:
    """Return what programs are told of a run's accuracies, by split."""
    return {
        item.split: {
            "matrix": item.rows,
            **(measures(item) if len(item.rows) == len(tasks) else {}),
        }
        for item in accuracies
    }
