"""``joint``: all tasks at once, the upper bound of every sequence."""

from collections.abc import Sequence
from typing import ClassVar

from engine.learning.methods.base import Method
from engine.learning.plan import Pool, PreparedTask, all_rows


class Joint(Method):
    """One stage over the rows of all tasks, shuffled together."""

    name: ClassVar[str] = "joint"

    def pools(self, tasks: Sequence[PreparedTask], seed: int) -> tuple[Pool, ...]:
        return (tuple(all_rows(task, index) for index, task in enumerate(tasks)),)
