"""The accuracy matrix of a run: a[i][j] is the accuracy on task j after stage i."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from bertcl_tui.cli.output import make_table, print_line, print_text
from engine.learning.measures import AccuracyMatrix
from engine.store.connection import Store
from engine.store.measurements import Split, measurements_of

_MEASURES = {"forgetting": "forgetting", "bwt": "backward transfer", "acc": "average accuracy"}
_TITLES: dict[Split, str] = {
    "search": "accuracy on the rows that score trials",
    "validation": "accuracy on the validation rows, which no search has seen",
}


class Accuracies(Struct, frozen=True):
    """What was measured on one split at the ends of the stages that are over."""

    split: Split
    rows: tuple[tuple[float, ...], ...]


def accuracies_of(store: Store, run_id: int) -> list[Accuracies]:
    """Return a run's accuracies on the splits that score it and that report it."""
    found = [Accuracies(split, _rows(store, run_id, split)) for split in _TITLES]
    return [item for item in found if item.rows]


def print_accuracies(tasks: Sequence[str], accuracies: Accuracies) -> None:
    """Print the matrix, and what follows from it once all stages are over."""
    print_line(_TITLES[accuracies.split])
    table = make_table(["after"], tasks)
    all_at_once = len(accuracies.rows) == 1 and len(accuracies.rows[0]) == len(tasks)
    stages = ["all at once"] if all_at_once else tasks
    for stage, row in zip(stages, accuracies.rows, strict=False):
        table.add_row(stage, *(f"{accuracy:.3f}" for accuracy in row))
    print_text(table)
    if len(accuracies.rows) == len(stages):
        facts = measures(accuracies)
        known = {name: facts[key] for key, name in _MEASURES.items()}
        print_line(
            ", ".join(f"{name} {value:.3f}" for name, value in known.items() if value is not None)
        )


def measures(accuracies: Accuracies) -> dict[str, float | None]:
    """Return p, p_o and p_s, and the field's measures of forgetting."""
    matrix = AccuracyMatrix(accuracies.rows)
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


def _rows(store: Store, run_id: int, split: Split) -> tuple[tuple[float, ...], ...]:
    by_stage: defaultdict[int, dict[int, float]] = defaultdict(dict)
    for item in measurements_of(store, run_id, split):
        by_stage[item.stage][item.task] = item.accuracy
    return tuple(
        tuple(accuracy for _, accuracy in sorted(row.items()))
        for _, row in sorted(by_stage.items())
    )
