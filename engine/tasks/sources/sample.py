"""The rows of the sample pack."""

from collections import defaultdict
from collections.abc import Sequence

from engine.tasks.entry import SampleOrigin, TaskEntry
from engine.tasks.holdout import text_keys
from engine.tasks.rows import RawTask, Rows, rows_from
from engine.tasks.sources.files import Table, read_table
from engine.tasks.sources.sample_pack import installed_file

_VALIDATION_SHARE = 5


def read_sample(entry: TaskEntry, origin: SampleOrigin) -> RawTask:
    """Read a task of the sample pack, split into training and validation rows.

    Rows without one of the task's labels are dropped, a text that comes again too, and one that
    comes with two labels altogether. A fifth of the texts (of the passages, where a task is about
    passages) is for validation; a hash of the text decides which, and the order of the rows.

    Raises:
        UsageError: the sample pack is not installed.
    """
    path = installed_file(origin.distribution, origin.file)
    table = _labelled(read_table(path, origin.columns), origin.columns.label, entry.labels)
    rows = rows_from(table, origin.columns, f"file {path}")
    order = _distinct(rows)
    groups = text_keys(rows.sentence1, rows.sentence2, by_passage=entry.group_by_passage)
    return RawTask(
        train=rows.take(row for row in order if not _for_validation(groups[row])),
        validation=rows.take(row for row in order if _for_validation(groups[row])),
    )


def _for_validation(key: bytes) -> bool:
    return key[0] % _VALIDATION_SHARE == 0


def _labelled(table: Table, label: str, labels: Sequence[str]) -> Table:
    kept = [row for row, value in enumerate(table[label]) if str(value) in labels]
    return {name: [values[row] for row in kept] for name, values in table.items()}


def _distinct(rows: Rows) -> list[int]:
    """Return one row of each text that has one label only, in the order of the texts' hashes."""
    by_text: defaultdict[bytes, list[int]] = defaultdict(list)
    for row, key in enumerate(text_keys(rows.sentence1, rows.sentence2)):
        by_text[key].append(row)
    return [
        same[0]
        for _, same in sorted(by_text.items())
        if len({rows.labels[row] for row in same}) == 1
    ]
