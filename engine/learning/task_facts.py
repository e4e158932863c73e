"""Finding what there is to know of a task before it is learnt; rows first, then their tokens."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from engine.spec import Protocol
from engine.tasks.catalog import describe
from engine.tasks.facts import Example, FactsQuestion, TaskFacts
from engine.tasks.load import load_task
from engine.tasks.models import model_file, model_path
from engine.tasks.splits import held_out_rows, split_rows, stratified
from engine.tasks.task import Examples, TaskData

_MOST_COUNTED: Final = 5_000
"""Rows whose tokens are counted: of more, some say it well enough."""
_MOST_LETTERS: Final = 1000
"""Of an example's text."""
_OF_A_TOKENIZER: Final = ("tokenizer.json", "tokenizer_config.json")
_UNBOUNDED: Final = 10**6
"""transformers has a huge number where a backbone takes any length."""


def look_at_task(question: FactsQuestion) -> Iterator[TaskFacts]:
    """Yield what is known of a task's rows, and then the same with their tokens.

    Libraries that take long to load are loaded where they are needed.

    Raises:
        UsageError: the task or the model is not to be had, or has too few rows.
    """
    protocol = Protocol(
        selection=question.selection,
        eval_rows=question.eval_rows,
        length_split=question.length_split,
    )
    task = load_task(question.task, question.data)
    subset = describe(question.task, question.data).subset
    if subset is not None and subset.shift == "length":
        task = _part(task, question, protocol)
    facts = _facts_of_rows(task, question.task, protocol)
    facts = replace(facts, whole=subset is not None and subset.shift == "cluster")
    yield facts
    yield _with_tokens(facts, task.train, question.model)


def _part(task: TaskData, question: FactsQuestion, protocol: Protocol) -> TaskData:
    from engine.learning.shift_sides import Pretrained, sides_of
    from engine.tasks.encoded import load_tokenizer
    from engine.tasks.shift_sides import take_side

    subset = describe(question.task, question.data).subset
    if subset is None:
        return task
    tokenizer = load_tokenizer(model_path(question.model))
    pretrained = Pretrained(question.model, tokenizer, protocol.max_length)
    return take_side(task, subset, sides_of(task, subset.shift, protocol, pretrained))


def _facts_of_rows(task: TaskData, name: str, protocol: Protocol) -> TaskFacts:
    splits = split_rows(task, protocol)
    counts = Counter(splits.train.labels)
    held = held_out_rows(len(task.train)) if protocol.selection == "held-out" else 0
    return TaskFacts(
        task=name,
        labels=task.labels,
        classes=tuple(counts[label] for label in range(task.classes)),
        epochs=task.epochs,
        rows=len(splits.train),
        held=held,
        scored=len(splits.search),
        validation=len(task.validation),
        example=_example(splits.train, task.labels),
    )


def _example(rows: Examples, labels: tuple[str, ...]) -> Example:
    """Return the row whose text is of middle length: neither a word nor a page."""
    lengths = [len(text) for text in rows.sentence1]
    row = sorted(range(len(rows)), key=lambda at: (lengths[at], at))[len(rows) // 2]
    second = rows.sentence2
    return Example(
        sentence1=_one_line(rows.sentence1[row]),
        sentence2=None if second is None else _one_line(second[row]),
        label=labels[rows.labels[row]],
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())[:_MOST_LETTERS]


def _with_tokens(facts: TaskFacts, rows: Examples, model: str) -> TaskFacts:
    some = stratified(rows, _MOST_COUNTED)
    tokens, longest = _count_quickly(some, model) or _count(some, model)
    return replace(
        facts,
        tokens=tuple(sorted(Counter(tokens).items())),
        counted=len(some),
        longest=longest if longest and longest < _UNBOUNDED else None,
    )


def _count(rows: Examples, model: str) -> tuple[list[int], int | None]:
    """Return how many tokens each row has, and how many the backbone takes."""
    from engine.tasks.encoded import load_tokenizer, token_lengths

    tokenizer = load_tokenizer(model_path(model))
    special = tokenizer.num_special_tokens_to_add(pair=rows.sentence2 is not None)
    counts: list[int] = (token_lengths(rows, tokenizer) + special).tolist()
    return counts, int(tokenizer.model_max_length)


def _count_quickly(rows: Examples, model: str) -> tuple[list[int], int | None] | None:
    """Do the same without transformers, which takes seconds to load; None: that cannot be."""
    rules, settings = (model_file(model, name) for name in _OF_A_TOKENIZER)
    if rules is None:
        return None
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(rules))
    except Exception:  # whatever the library raises of a file it does not know
        return None
    tokenizer.no_truncation()
    tokenizer.no_padding()
    special = tokenizer.num_special_tokens_to_add(rows.sentence2 is not None)
    counts = [special] * len(rows)
    for texts in filter(None, (rows.sentence1, rows.sentence2)):
        encoded = tokenizer.encode_batch_fast(texts, add_special_tokens=False)
        counts = [so_far + len(each.ids) for so_far, each in zip(counts, encoded, strict=True)]
    return counts, _longest(settings)


def _longest(settings: Path | None) -> int | None:
    try:
        said = json.loads(settings.read_bytes())["model_max_length"] if settings else None
        return None if said is None else int(said)
    except (OSError, ValueError, LookupError, TypeError, OverflowError, RecursionError):
        return None
