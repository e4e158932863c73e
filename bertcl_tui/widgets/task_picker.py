"""The tasks of some data, to be put into a sequence and taken out again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.console import Group
from rich.padding import Padding
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from engine.tasks.entry import TaskEntry


class TaskPicker(OptionList):
    """Shows each task with its place in the sequence."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "select", "In or out", show=False),
    ]

    @dataclass
    class Toggled(Message):
        """The person wants this task in the sequence, or out of it."""

        task: str

    def __init__(self) -> None:
        super().__init__(compact=True, classes="panel")
        self._tasks: tuple[TaskEntry, ...] = ()
        self._sequence: tuple[str, ...] = ()

    def show(self, tasks: Sequence[TaskEntry], sequence: Sequence[str]) -> None:
        """Show these tasks, numbered where they are in the sequence."""
        if (tuple(tasks), tuple(sequence)) == (self._tasks, self._sequence):
            return
        self._tasks, self._sequence = tuple(tasks), tuple(sequence)
        highlighted = self.highlighted
        self.set_options(self._option(task) for task in self._tasks)
        self.highlighted = highlighted if len(self._tasks) > (highlighted or 0) else None

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.post_message(self.Toggled(self._tasks[event.option_index].name))

    def _option(self, task: TaskEntry) -> Option:
        place = self._sequence.index(task.name) + 1 if task.name in self._sequence else None
        name = Text(f"{place or '·'} {task.name}", style="bold" if place else "")
        return Option(Group(name, Padding(Text(task.description, style="dim"), (0, 0, 0, 2))))
