"""Which classes of a task were forgotten, and what they are taken for now."""

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from bertcl_tui.charts.confusion import MANY, Classes, ClassRow, Matrix
from bertcl_tui.trial.look import SPLIT_TITLES
from engine.errors import shown
from engine.learning.confusion import ClassChange, Confusion, class_changes, most_forgotten
from engine.store.confusions import ConfusionRecord

_MOST_IN_A_MATRIX: Final = 40
_MOST_TAKEN_FOR: Final = 3


class TaskClasses(Struct, frozen=True, kw_only=True):
    """The classes of a task at the end of a stage, beside how they were after its own one."""

    name: str
    """Of the task."""
    own: int
    """The stage in which it is learnt."""
    stage: int
    before: Confusion | None
    """After its own stage; None: that is this one, or it was not counted then."""
    after: Confusion

    @property
    def changes(self) -> tuple[ClassChange, ...]:
        """What became of each class, in their order."""
        return class_changes(self.before, self.after)

    @property
    def listed(self) -> tuple[ClassChange, ...]:
        """The same, of many classes the most forgotten first."""
        return self.changes if len(self.after.labels) < MANY else most_forgotten(self.changes)


def tasks_counted(confusions: Sequence[ConfusionRecord]) -> list[int]:
    """Return the places of the tasks of which anything was counted."""
    return sorted({item.task for item in confusions})


def stages_counted(confusions: Sequence[ConfusionRecord], task: int) -> list[int]:
    """Return the stages at whose ends a task was counted."""
    return [item.stage for item in confusions if item.task == task]


def classes_of(
    tasks: Sequence[str],
    confusions: Sequence[ConfusionRecord],
    task: int,
    stage: int | None = None,
) -> TaskClasses | None:
    """Return the classes of a task at the end of a stage; None: it was not counted then.

    Args:
        tasks: names, in the sequence.
        confusions: of the run, by stage.
        task: its place in the sequence.
        stage: which; None: the last one that is over.
    """
    counted = {
        item.stage: Confusion(item.labels, item.cells) for item in confusions if item.task == task
    }
    if stage is None:
        stage = max(counted, default=-1)
    if stage not in counted:
        return None
    own = min(task, max(item.stage for item in confusions))
    before = counted.get(own) if stage > own else None
    return TaskClasses(name=tasks[task], own=own, stage=stage, before=before, after=counted[stage])


def earlier_tasks(
    tasks: Sequence[str], confusions: Sequence[ConfusionRecord]
) -> Iterator[TaskClasses]:
    """Yield each task that was learnt before the last one, where it is known how it was then."""
    for task in tasks_counted(confusions):
        found = classes_of(tasks, confusions, task)
        if found is not None and found.before is not None:
            yield found


def taken_for_text(change: ClassChange) -> str:
    """Say as which classes more of a class's rows are predicted than before: ``sports +12``."""
    said = [f"{label} +{rows}" for label, rows in change.taken_for[:_MOST_TAKEN_FOR]]
    more = len(change.taken_for) - len(said)
    return ", ".join([*said, *([f"{more} more"] if more else [])])


def drawn(found: TaskClasses, when: str) -> Classes:
    """Return what is drawn of a task's classes.

    Args:
        found: the classes.
        when: what people call the end of the stage.
    """
    changes = found.changes
    of_stages = [("own stage", found.before)] if found.before is not None else []
    fits = len(changes) <= _MOST_IN_A_MATRIX
    return Classes(
        classes=tuple(map(_row, changes)),
        ranked=tuple(map(_row, most_forgotten(changes))),
        matrices=tuple(
            Matrix(title, _counts(each))
            for title, each in (*of_stages, (when, found.after))
            if fits
        ),
        compared=found.before is not None,
        rows=f"On the {SPLIT_TITLES['search']}.",
    )


def _row(change: ClassChange) -> ClassRow:
    return ClassRow(
        label=shown(change.label),
        rows=change.rows,
        before=change.before,
        after=change.after,
        fall=change.fall,
        taken_for=tuple((shown(label), rows) for label, rows in change.taken_for),
    )


def _counts(confusion: Confusion) -> tuple[tuple[int, ...], ...]:
    classes = range(len(confusion.labels))
    return tuple(tuple(confusion.count(right, other) for other in classes) for right in classes)
