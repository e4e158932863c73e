"""``replay``: experience replay, ER in the literature (Chaudhry et al. 2019)."""

from collections.abc import Sequence
from typing import ClassVar

from engine.learning.methods.base import Method
from engine.learning.methods.memory import kept_rows, say_size
from engine.learning.plan import Pool, PreparedTask, all_rows


class Replay(Method):
    """The buffer's rows of every earlier task are mixed into the rows of each later stage.

    "On tiny episodic memories in continual learning" (arXiv 1902.10486), where a stage has several
    epochs: a kept row comes once an epoch, as often as a new one, not in every batch as there.
    Which rows of a task are kept depends on the seed and the task's place alone.
    """

    name: ClassVar[str] = "replay"
    shares_first_stage: ClassVar[bool] = True
    changed: ClassVar[str] = "rows drawn for it alone"

    def pools(self, tasks: Sequence[PreparedTask], seed: int) -> tuple[Pool, ...]:
        share, rows = self.number("share"), int(self.number("rows"))
        memories = [
            kept_rows(tasks, index, seed, share=share, rows=rows) for index in range(len(tasks))
        ]
        say_size(memories[-1], tasks)
        return tuple((all_rows(task, index), *memories[index]) for index, task in enumerate(tasks))
