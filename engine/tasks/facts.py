"""What there is to know of a task before it is learnt, as plain values, and the cache of it.

Light: the screen uses it.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import version
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec
from msgspec import Struct

from engine.errors import shown
from engine.spec.protocol import Count, Protocol
from engine.tasks.cache import cache_key, load_bytes, save_bytes
from engine.tasks.catalog import describe
from engine.tasks.models import model_stamp

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_FOLDER: Final = "facts"
_FORMAT: Final = 1
SKEWED: Final = 0.75
"""Share of a task's rows that are of its largest class: more are worth a word."""
NOT_HERE: Final = "not on this machine yet: the start fetches it"


class FactsQuestion(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which task, who reads it, and what decides which of its rows are learnt from."""

    task: str
    """Or a part of one, such as ``sst2/short``."""
    data: str
    model: str
    selection: Literal["held-out", "validation"] = "held-out"
    eval_rows: Count | None = None
    length_split: Literal["median-tokens", "authors"] = "median-tokens"


class Example(Struct, frozen=True, kw_only=True):
    """A row of a task."""

    sentence1: str
    sentence2: str | None
    label: str


class TaskFacts(Struct, frozen=True, kw_only=True, tag="facts"):
    """What was found of a task's rows."""

    task: str
    """As it was asked for."""
    labels: tuple[str, ...]
    """Names of the classes."""
    classes: tuple[int, ...]
    """How many of the rows that can be learnt from are of each."""
    epochs: int
    """How long it is learnt where the protocol leaves that to the task."""
    rows: int
    """Training rows that can be learnt from: not held out, nor in the validation split."""
    held: int
    """Most training rows that are held out to score trials."""
    scored: int
    """Rows that score a trial."""
    validation: int
    """Rows of the validation split."""
    example: Example
    whole: bool = False
    """Whether it is of the whole task: which rows are in the part is found as it is learnt."""
    tokens: tuple[tuple[int, int], ...] | None = None
    """How many training rows have so many tokens, special ones too, by that number. None: not
    counted yet."""
    counted: int = 0
    """Training rows that were counted: of very many some."""
    longest: int | None = None
    """Tokens that the backbone takes at most; None: as many as there are."""

    def cut_at(self, max_length: int) -> int:
        """Return after how many tokens a row is cut."""
        return max_length if self.longest is None else min(max_length, self.longest)

    def mean_tokens(self, max_length: int) -> float | None:
        """Return how many tokens of a row are learnt from, on average; None: not counted."""
        if not self.tokens:
            return None
        most = self.cut_at(max_length)
        return sum(min(tokens, most) * rows for tokens, rows in self.tokens) / self.counted

    def share_cut(self, max_length: int) -> float:
        """Return the share of rows that lose tokens."""
        most = self.cut_at(max_length)
        cut = sum(rows for tokens, rows in self.tokens or () if tokens > most)
        return cut / self.counted if self.counted else 0.0

    def quantile(self, share: float) -> int:
        """Return how many tokens this share of the rows have at most; they must be counted."""
        tokens = self.tokens or ((0, 1),)
        so_far = list(accumulate(rows for _, rows in tokens))
        return tokens[min(bisect_left(so_far, share * so_far[-1]), len(tokens) - 1)][0]


class NoFacts(Struct, frozen=True, kw_only=True, tag="none"):
    """Nothing can be said of a task."""

    task: str
    reason: str
    """One line."""


class StoredFacts:
    """What was found for a question before; a change of files or of libraries makes it another.

    Raises:
        UsageError: there is no such task or model.
    """

    def __init__(self, question: FactsQuestion) -> None:
        entry = describe(question.task, question.data)
        key = cache_key(
            _FORMAT,
            msgspec.json.encode(question),
            msgspec.json.encode(entry),
            entry.stamp(),
            model_stamp(question.model),
            version("transformers"),
        )
        self._file = f"{key}.json"

    def read(self) -> TaskFacts | None:
        """Return what is there."""
        content = load_bytes(_FOLDER, self._file)
        try:
            return None if content is None else msgspec.json.decode(content, type=TaskFacts)
        except msgspec.DecodeError:
            return None

    def write(self, facts: TaskFacts) -> None:
        """Keep it, whole or not at all; a full disk or read-only folder keeps nothing."""
        save_bytes(_FOLDER, self._file, msgspec.json.encode(facts))


def known_facts(question: FactsQuestion) -> TaskFacts | NoFacts | None:
    """Return what is known of a task without looking at its rows; None: nothing yet.

    Raises:
        UsageError: there is no such task or model.
    """
    found = StoredFacts(question).read()
    if found is None and not describe(question.task, question.data).origin.is_here():
        return NoFacts(task=question.task, reason=NOT_HERE)
    return found


def largest_class(labels: "Sequence[int] | NDArray[np.integer[Any]]") -> float:
    """Return the share of rows that are of the class that most are of; there must be a row."""
    import numpy as np

    return float(np.bincount(labels).max() / len(labels))


def remarks_of_skew(shares: Iterable[tuple[str, float]], protocol: Protocol) -> Iterator[str]:
    """Say which tasks have most rows of one class, where nothing is done about it.

    Args:
        shares: of each task's largest class, with the task's name.
        protocol: by which the tasks are learnt.
    """
    ways = []
    if protocol.balance == "none":
        ways.append("--balance weights (or sampling) learns the others as much")
    if protocol.score == "accuracy":
        ways.append("--score macro-f1 counts every class alike")
    for name, share in shares if ways else ():
        if share > SKEWED:
            rows = f"{share:.0%} of its training rows are of one class"
            yield f"task '{shown(name)}' is skewed, {rows}: {', '.join(ways)}"
