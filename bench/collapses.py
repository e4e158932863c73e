"""How many trials were ended as collapsed though they were not: python -m bench.collapses [STORE]

A trial has collapsed where all rows of some task that score trials were predicted to be of one
class. What was predicted is not recorded, but the accuracy is: where it differs from the share of
every class, two classes were predicted at least. Trials of which that is so for every task that
was learnt by then were ended falsely; of the others some may have been too.
"""

import shutil
import sys
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import select

from engine.spec import Protocol
from engine.store.connection import DEFAULT_STORE, Store, open_store
from engine.store.measurements import measurements_of
from engine.store.runs import RunRecord, runs_by_id
from engine.store.schema import run
from engine.tasks.load import load_task
from engine.tasks.splits import split_rows


def main() -> None:
    """Count, in a copy of the store."""
    path = Path(sys.argv[1] if len(sys.argv) > 1 else DEFAULT_STORE)
    with TemporaryDirectory() as folder:
        store = open_store(str(shutil.copy(path, folder)))
        with store.reading() as connection:
            ids = connection.execute(select(run.c.id).where(run.c.study_id.is_not(None))).scalars()
            trials = runs_by_id(store, ids.all())
        collapsed = [trial for trial in trials if trial.state == "collapsed"]
        false = [trial for trial in collapsed if not may_have_collapsed(store, trial)]
        store.close()
    said = f"{len(trials)} trials, {len(collapsed)} collapsed, of these falsely: {len(false)}"
    print(said)


def may_have_collapsed(store: Store, trial: RunRecord) -> bool:
    """Whether some task's accuracy, when the trial was ended, is the share of one class."""
    spec, measured = trial.spec, measurements_of(store, trial.id, "search")
    last = max((item.step for item in measured), default=0)
    return not measured or any(
        is_share_of_a_class(
            item.accuracy, search_labels(spec.sequence[item.task], spec.data, spec.protocol)
        )
        for item in measured
        if item.step == last
    )


@cache
def search_labels(task: str, data: str, protocol: Protocol) -> Sequence[int]:
    """Return the labels of a task's rows that score trials."""
    return split_rows(load_task(task, data), protocol).search.labels


def is_share_of_a_class(accuracy: float, labels: Sequence[int]) -> bool:
    """Whether as many rows are right as there are of some class."""
    return round(accuracy * len(labels)) in Counter(labels).values()


if __name__ == "__main__":
    main()
