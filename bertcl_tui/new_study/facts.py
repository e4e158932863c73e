"""What is known of the tasks of a sequence, in words and figures."""

from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap
from typing import Final

from textual.content import Content

from bertcl_tui.style.wording import count
from engine.spec import Protocol
from engine.tasks.facts import SKEWED, NoFacts, TaskFacts

_MOST_LABELS: Final = 4
"""Of more the rarest and the most frequent are told."""
_ROOMY: Final = 60
"""Columns from which on an example has two lines."""
_FEWEST_LETTERS: Final = 16
_INDENT: Final = "  "


def facts_text(
    tasks: Sequence[str],
    found: Mapping[str, TaskFacts | NoFacts],
    protocol: Protocol,
    *,
    width: int,
    waiting: str,
) -> Content:
    """Return what is known of each task, as it would be learnt, for so many columns."""
    room = max(width - len(_INDENT), _FEWEST_LETTERS)
    lines: list[Content] = []
    for place, task in enumerate(tasks, start=1):
        lines.append(Content.styled(f"{place} {task}", "bold"))
        known = found.get(task)
        if known is None:
            lines.append(_folded(waiting, room, "dim"))
        elif isinstance(known, NoFacts):
            lines.append(_folded(known.reason, room))
        else:
            lines += [_folded(line, room) for line in _told(known, protocol, waiting)]
            lines.append(_folded(_example(known, room), room, "dim"))
    return Content("\n").join(lines)


def _folded(text: str, room: int, style: str = "") -> Content:
    lines = wrap(text, room, break_long_words=True)
    return Content.styled("\n".join(f"{_INDENT}{line}" for line in lines), style)


def _told(facts: TaskFacts, protocol: Protocol, waiting: str) -> Iterator[str]:
    rows = f"{facts.rows:,}"
    learnt = min(facts.rows, protocol.train_rows or facts.rows)
    train = rows if learnt == facts.rows else f"{learnt:,} of {rows}"
    epochs = protocol.epochs or facts.epochs
    of_whole = " · of the whole task" if facts.whole else ""
    yield f"train {train} × {count(epochs, 'epoch')} · eval {facts.scored:,}{of_whole}"
    yield balance(facts)
    if facts.tokens is None:
        yield waiting
    else:
        yield lengths(facts, protocol.max_length)


def balance(facts: TaskFacts) -> str:
    """Say how much of a task each label is: ``rotten 50 % · fresh 50 %``."""
    whole = sum(facts.classes)
    shares = [
        f"{label} {rows / whole:.0%}".replace("%", " %")
        for rows, label in sorted(
            zip(facts.classes, facts.labels, strict=True), key=lambda each: -each[0]
        )
    ]
    skewed = "! " if largest_share(facts) > SKEWED else ""
    if len(shares) <= _MOST_LABELS:
        return skewed + " · ".join(shares)
    return f"{skewed}{len(shares)} labels: {shares[0]} … {shares[-1]}"


def largest_share(facts: TaskFacts) -> float:
    """Return the share of the label that most rows have."""
    return max(facts.classes) / sum(facts.classes)


def lengths(facts: TaskFacts, max_length: int) -> str:
    """Say how many tokens a row has: ``26 tokens (median), 95 % ≤ 54 · none cut at 256``."""
    if not facts.tokens:
        return "tokens not counted: no tokenizer here"
    most, share = facts.cut_at(max_length), facts.share_cut(max_length)
    cut = "none" if share == 0 else "<1 %" if share < 0.01 else f"{share * 100:.0f} %"  # noqa: PLR2004 - a hundredth
    median, nearly = facts.quantile(0.5), facts.quantile(0.95)
    return f"{median} tokens (median), 95 % ≤ {nearly} · {cut} cut at {most}"


def _example(facts: TaskFacts, room: int) -> str:
    example = facts.example
    text = " ┊ ".join(filter(None, (example.sentence1, example.sentence2)))
    label = f" → {example.label}"
    letters = (2 * room - room // 8 if room >= _ROOMY else room) - len(label) - len("“”")
    most = max(_FEWEST_LETTERS, letters)
    shown = text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
    return f"“{shown}”{label}"
