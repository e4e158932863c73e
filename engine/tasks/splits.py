"""Which rows a run learns from, is scored on and is watched on: the same rows every time.

Rows are drawn in the order of a hash of their text: a draw depends on no seed, and hardly on the
order of the file, and a larger draw contains a smaller one.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from fractions import Fraction
from hashlib import blake2b

from msgspec import Struct

from engine.errors import UsageError, shown
from engine.spec.protocol import Protocol
from engine.tasks.task import Examples, TaskData

_SHARE = 10
_AT_LEAST = 100
_AT_MOST = 1000
_NEVER_OVER = 4


class TaskSplits(Struct, frozen=True, kw_only=True):
    """The rows of one task under one protocol. No text of ``train`` is in another split."""

    train: Examples
    search: Examples
    """Scores trials: held out of the training rows, or the validation split itself."""
    validation: Examples
    """Measured for the report."""
    followed: list[int]
    """Which rows of ``search`` are measured again and again while a stage is learnt."""

    @property
    def retention(self) -> Examples:
        """The rows that are followed."""
        return self.search.take(self.followed)


def split_rows(task: TaskData, protocol: Protocol) -> TaskSplits:
    """Split a task's rows. The same task and protocol give the same rows, whatever the run's seed.

    A training row whose text is in the validation split, or among those held out, is left out.

    Raises:
        UsageError: too few rows are left to learn from.
    """
    by_passage = task.group_by_passage
    validation = stratified(task.validation, protocol.eval_rows)
    reported = set(example_keys(task.validation, by_passage=by_passage))
    train = without(task.train, reported, by_passage=by_passage)
    search = validation
    if protocol.selection == "held-out":
        rows = min(held_out_rows(len(train)), protocol.eval_rows or _AT_MOST)
        train, search = hold_out(train, rows, by_passage=by_passage)
    _require_enough(task, train, search, protocol)
    return TaskSplits(
        train=stratified(train, protocol.train_rows),
        search=search,
        validation=validation,
        followed=stratified_rows(search, protocol.retention_rows),
    )


def held_out_rows(rows: int) -> int:
    """Return how many of so many training rows to hold out.

    A tenth, but 100 at least and 1,000 at most, and never more than a quarter.
    """
    return min(max(rows // _SHARE, _AT_LEAST), _AT_MOST, rows // _NEVER_OVER)


def _require_enough(task: TaskData, train: Examples, search: Examples, protocol: Protocol) -> None:
    classes = set(task.train.labels)
    if set(train.labels) != classes or not len(search):
        raise UsageError(
            f"task '{shown(task.name)}' has too few training rows to hold some out: "
            f"{len(task.train)}, of "
            f"which {len(train)} are not in another split; give more rows of each class"
        )
    if protocol.train_rows is not None and protocol.train_rows < len(classes):
        raise UsageError(
            f"{protocol.train_rows} training rows cannot show the {len(classes)} classes of task "
            f"'{shown(task.name)}'; ask for more"
        )


def text_keys(
    sentence1: Sequence[str], sentence2: Sequence[str] | None, *, by_passage: bool = False
) -> list[bytes]:
    """Return a hash of each row's text, blind to case and spacing.

    Args:
        sentence1: one text a row.
        sentence2: the other text of each row; None for single sentences.
        by_passage: hash sentence2 alone, so that all rows of a passage have one key.
    """
    if sentence2 is None:
        return [_text_key(text) for text in sentence1]
    if by_passage:
        return [_text_key(passage) for passage in sentence2]
    return [_text_key(*pair) for pair in zip(sentence1, sentence2, strict=True)]


def example_keys(examples: Examples, *, by_passage: bool = False) -> list[bytes]:
    """Return the key of each row."""
    return text_keys(examples.sentence1, examples.sentence2, by_passage=by_passage)


def without(
    examples: Examples, dropped: Collection[bytes], *, by_passage: bool = False
) -> Examples:
    """Return the rows whose key is not among these."""
    keys = example_keys(examples, by_passage=by_passage)
    return examples.take(row for row, key in enumerate(keys) if key not in dropped)


def stratified(examples: Examples, rows: int | None) -> Examples:
    """Return at most ``rows`` rows, in their own order, with classes as frequent as in all.

    None asks for all. Every class is there as long as there is a row for each.
    """
    if rows is None or rows >= len(examples):
        return examples
    return examples.take(stratified_rows(examples, rows))


def stratified_rows(examples: Examples, rows: int | None) -> list[int]:
    """Return the indices of the rows that ``stratified`` returns."""
    if rows is None or rows >= len(examples):
        return list(range(len(examples)))
    quotas = class_quotas(Counter(examples.labels), rows)
    return _draw(examples.labels, example_keys(examples), quotas)


def hold_out(
    examples: Examples, rows: int, *, by_passage: bool = False
) -> tuple[Examples, Examples]:
    """Keep ``rows`` rows apart, with classes as frequent as in all; a class keeps a row at least.

    Returns:
        The rest, without any row whose text (or passage) is among those kept apart; and those.
    """
    keys = example_keys(examples, by_passage=by_passage)
    spare = Counter({label: count - 1 for label, count in Counter(examples.labels).items()})
    held = _draw(examples.labels, keys, class_quotas(spare, min(rows, spare.total())))
    apart = {keys[row] for row in held}
    rest = (row for row, key in enumerate(keys) if key not in apart)
    return examples.take(rest), examples.take(held)


def class_quotas(counts: Counter[int], rows: int) -> Counter[int]:
    """Share ``rows`` rows among classes as the counts are shared (largest remainder).

    A class that has rows gets one at least, if there is one for each. ``rows`` must not be more
    than there are.
    """
    total = counts.total()
    exact = {label: Fraction(count * rows, total or 1) for label, count in sorted(counts.items())}
    quotas = Counter({label: int(share) for label, share in exact.items()})
    by_remainder = sorted(exact, key=lambda label: quotas[label] - exact[label])
    quotas.update(by_remainder[: rows - quotas.total()])
    missing = [label for label in exact if counts[label] and not quotas[label]]
    for label in missing:
        largest = max(exact, key=lambda label: quotas[label])
        if quotas[largest] > 1:
            quotas.update({largest: -1, label: 1})
    return quotas


def _draw(labels: list[int], keys: list[bytes], quotas: Counter[int]) -> list[int]:
    """Return the first rows of each class in the order of their keys, sorted."""
    left = quotas.copy()
    drawn = []
    for row in sorted(range(len(keys)), key=keys.__getitem__):
        if left[labels[row]] > 0:
            left[labels[row]] -= 1
            drawn.append(row)
    return sorted(drawn)


def _text_key(*texts: str) -> bytes:
    # "\n" cannot occur in a text once its white space is folded
    folded = "\n".join(" ".join(text.casefold().split()) for text in texts)
    return blake2b(folded.encode(), digest_size=16).digest()
