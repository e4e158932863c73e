"""Plain text without labels, for what is learnt from text alone."""

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from itertools import chain, islice

from engine.errors import UsageError, shown
from engine.files import expanded
from engine.tasks.hub_access import read_data_set
from engine.tasks.load import load_task
from engine.tasks.sources.sample import SAMPLES

_SHORTEST = 40
"""Characters; shorter lines are headings and the like."""
_WIKI = "google/wiki40b"


def read_texts(source: str, count: int) -> tuple[str, ...]:
    """Return the first texts of a source; fewer where it has fewer.

    Args:
        source: ``sample`` (the training texts of the sample pack, a text of each task in turn),
            ``wiki40b`` (English Wikipedia, from the hub), or a file with a text on each line.
        count: how many.

    Raises:
        UsageError: the source cannot be had, or holds no text.
    """
    match source:
        case "sample":
            lines = _sample()
        case "wiki40b":
            lines = _wiki(count)
        case file:
            lines = _lines(file)
    texts = tuple(islice((line for line in lines if len(line) >= _SHORTEST), count))
    if not texts:
        raise UsageError(
            f"plain text '{shown(source)}' has no line of {_SHORTEST} characters or more; "
            "use sample, wiki40b or another file"
        )
    return texts


def texts_fingerprint(texts: Iterable[str]) -> str:
    """Return a hash of the texts, in their order."""
    digest = blake2b(digest_size=16)
    for text in texts:
        digest.update(text.encode())
        digest.update(b"\0")
    return digest.hexdigest()


def _sample() -> Iterator[str]:
    columns: list[list[str]] = []
    for entry in SAMPLES:
        train = load_task(entry.name, "sample").train
        columns.extend(column for column in (train.sentence1, train.sentence2) if column)
    return chain.from_iterable(zip(*columns, strict=False))


def _wiki(count: int) -> Iterator[str]:
    def load() -> list[str]:
        from datasets import load_dataset

        rows = load_dataset(_WIKI, "en", split="train", streaming=True)
        return [str(row["text"]) for row in islice(rows, count)]

    for article in read_data_set(_WIKI, load):
        for paragraph in article.split("_START_PARAGRAPH_")[1:]:
            text = paragraph.partition("_START_SECTION_")[0]
            yield " ".join(text.replace("_NEWLINE_", " ").split())


def _lines(file: str) -> Iterator[str]:
    path = expanded(file)
    if not path.is_file():
        raise UsageError(
            f"no text file '{shown(file)}'; use sample, wiki40b or a file with a text a line"
        )
    try:
        with path.open(encoding="utf-8") as lines:
            yield from (line.strip() for line in lines)
    except UnicodeDecodeError as error:
        raise UsageError(
            f"text file '{shown(file)}' is not UTF-8 ({error.reason}); convert it first"
        ) from error
