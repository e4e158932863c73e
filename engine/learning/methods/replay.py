"""``replay``: some rows of the earlier tasks are learnt again."""

from collections.abc import Sequence
from math import ceil
from typing import ClassVar

import numpy as np

from engine.learning.methods.base import Method
from engine.learning.plan import Pool, PreparedTask, Share, all_rows


class Replay(Method):
    """A ``share`` of every earlier task's rows is mixed into the rows of each later stage.

    At least one row is kept; which ones depends on the seed and the task's place alone, so that a
    row once kept is kept for all later stages.
    """

    name: ClassVar[str] = "replay"
    begins_like_others: ClassVar[bool] = True

    def pools(self, tasks: Sequence[PreparedTask], seed: int) -> tuple[Pool, ...]:
        kept = [self._kept(task, index, seed) for index, task in enumerate(tasks)]
        return tuple((all_rows(task, index), *kept[:index]) for index, task in enumerate(tasks))

    def _kept(self, task: PreparedTask, index: int, seed: int) -> Share:
        size = max(1, ceil(self.number("share") * len(task.train)))
        order = np.random.default_rng((seed, index)).permutation(len(task.train))
        return Share(index, np.sort(order[:size]))
