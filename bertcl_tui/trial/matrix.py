"""The accuracy matrix as text."""

from collections.abc import Sequence
from typing import Final

from rich.text import Text

from bertcl_tui.style.looks import Looks
from bertcl_tui.trial.accuracies import SPLIT_TITLES, Accuracies

_CELL: Final = len("0.884")
_GAP: Final = 2
_MOST_OF_A_NAME: Final = 16
MEASURES: Final = {
    "ACC": "average accuracy after the last stage",
    "BWT": "backward transfer: below 0 where earlier tasks were forgotten",
    "forgetting": "mean fall from each earlier task's best to its end",
}


def matrix_text(
    tasks: Sequence[str], accuracies: Sequence[Accuracies], width: int, looks: Looks
) -> Text:
    """Write a matrix for each split, and what follows from it once all stages are over.

    Args:
        tasks: of the sequence.
        accuracies: on each split; not empty.
        width: columns there are.
        looks: of the theme.
    """
    text = Text()
    for item in accuracies:
        if text:
            text.append("\n\n")
        text.append(f"on the {SPLIT_TITLES[item.split]}\n", style=looks.muted)
        text.append(_table(tasks, item, width, looks))
        if item.is_whole(len(tasks)):
            text.append("\n")
            text.append(_measures(item, looks))
    return text


def _table(tasks: Sequence[str], item: Accuracies, width: int, looks: Looks) -> Text:
    at_once = len(item.rows) == 1 and len(item.rows[0]) == len(tasks) > 1
    stages = ["all at once"] if at_once else tasks
    first = min(max(len(name) for name in ("after", *stages)), _MOST_OF_A_NAME)
    room = max(_CELL, (width - first) // len(tasks) - _GAP)
    cell = min(max(_CELL, *(len(task) for task in tasks)), room, _MOST_OF_A_NAME)
    text = Text(_cut("after", first).ljust(first), style=looks.muted)
    for task in tasks:
        text.append(" " * _GAP + _cut(task, cell).rjust(cell), style=looks.muted)
    for i, stage in enumerate(stages):
        text.append(f"\n{_cut(stage, first).ljust(first)}")
        row = item.rows[i] if i < len(item.rows) else None
        for j in range(len(tasks) if at_once else i + 1):
            known = row is not None and j < len(row)
            value = f"{row[j]:.3f}" if row is not None and known else "–"
            learnt_just_now = at_once or i == j
            style = ("bold " if learnt_just_now else "") + looks.text if known else looks.muted
            text.append(" " * _GAP + value.rjust(cell), style=style)
    return text


def _measures(item: Accuracies, looks: Looks) -> Text:
    matrix = item.matrix
    found = {
        "ACC": matrix.average_accuracy,
        "BWT": matrix.backward_transfer,
        "forgetting": matrix.forgetting,
    }
    text = Text()
    for name, value in found.items():
        if value is not None:
            text.append(" · " if text else "")
            text.append(f"{name} ", style=looks.muted)
            text.append(f"{value:.3f}".replace("-", "−"))
    return text


def _cut(name: str, width: int) -> str:
    return name if len(name) <= width else f"{name[: width - 1]}…"
