"""The classes of a task as a panel in which one turns from stage to stage and task to task."""

from typing import ClassVar

from rich.text import Text
from textual.binding import BindingType

from bertcl_tui.actions import Place, bindings_of
from bertcl_tui.charts.confusion import draw_classes
from bertcl_tui.style.looks import Looks, Write
from bertcl_tui.trial.classes import (
    TaskClasses,
    classes_of,
    drawn,
    stages_counted,
    tasks_counted,
)
from bertcl_tui.trial.look import RunLook, stage_names, why_nothing
from bertcl_tui.trial.text import TextPanel


class ClassesPanel(TextPanel):
    """Shows the first task after its own stage and at the end, until another is asked for."""

    PLACE: ClassVar[Place] = "classes"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("classes")]

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self._look: RunLook | None = None
        self._chosen_task = 0
        self._chosen_stage: int | None = None
        """None: the last one that is over."""

    def show_run(self, look: RunLook) -> None:
        """Show the classes of this run from now on."""
        self._look = look
        self._show_classes()

    def action_later_stage(self) -> None:
        self._turn_stage(1)

    def action_earlier_stage(self) -> None:
        self._turn_stage(-1)

    def action_next_task(self) -> None:
        tasks, task = self._tasks(), self._shown_task()
        if tasks and task is not None:
            self._chosen_task, self._chosen_stage = (
                tasks[(tasks.index(task) + 1) % len(tasks)],
                None,
            )
            self._show_classes()

    def check_action(self, action: str, _: tuple[object, ...]) -> bool | None:
        match action:
            case "next_task":
                return len(self._tasks()) > 1
            case "later_stage" | "earlier_stage":
                return len(self._stages()) > 1
            case _:
                return True

    def _turn_stage(self, by: int) -> None:
        """Go to another stage; from the last one on, to whichever is the last."""
        stages, found = self._stages(), self._found()
        if found is None:
            return
        place = min(max(stages.index(found.stage) + by, 0), len(stages) - 1)
        self._chosen_stage = None if place == len(stages) - 1 else stages[place]
        self._show_classes()

    def _tasks(self) -> list[int]:
        return [] if self._look is None else tasks_counted(self._look.confusions)

    def _shown_task(self) -> int | None:
        tasks = self._tasks()
        return self._chosen_task if self._chosen_task in tasks else next(iter(tasks), None)

    def _stages(self) -> list[int]:
        look, task = self._look, self._shown_task()
        return [] if look is None or task is None else stages_counted(look.confusions, task)

    def _found(self) -> TaskClasses | None:
        look, task = self._look, self._shown_task()
        if look is None or task is None:
            return None
        names, stages = look.run.spec.sequence, self._stages()
        stage = self._chosen_stage if self._chosen_stage in stages else None
        return classes_of(names, look.confusions, task, stage)

    def _show_classes(self) -> None:
        look, found = self._look, self._found()
        if look is not None:
            self.show(_nothing(look) if found is None else classes_text(look, found))
            self.refresh_bindings()


def classes_text(look: RunLook, found: TaskClasses) -> Write:
    """Return what writes the classes of a task."""
    when = _when(look, found)
    classes = drawn(found, when)
    compared = f"own stage → {when}" if classes.compared else when

    def write(width: int, looks: Looks) -> Text:
        text = Text(f"{found.name}: {compared}\n", style=looks.muted)
        return text.append(draw_classes(classes, width, looks.palette))

    return write


def _when(look: RunLook, found: TaskClasses) -> str:
    stages = stage_names(look)
    if len(stages) == 1 or found.stage == len(stages) - 1:
        return "at the end"
    return "own stage" if found.stage == found.own else f"after {stages[found.stage]}"


def _nothing(look: RunLook) -> Write:
    why = why_nothing(look.run, "counted")
    return lambda _, looks: Text(why, style=looks.muted)
