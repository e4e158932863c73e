"""What is said of a task's shifts."""

import pytest
from msgspec.structs import replace
from rich.console import Console

from bertcl_tui.shifts.charts import PartsTable
from bertcl_tui.shifts.facts import Found, cut_said
from engine.tasks.shift_findings import Lengths, Part, Question
from tests.shift_findings import LENGTHS


@pytest.mark.parametrize(
    ("cut", "said"),
    [
        (38.0, "cut at 38 tokens"),
        (115 / 3, "cut at 38.33 tokens, the mean of rows kept together"),
        (None, "cut at random, as the authors' code does"),
    ],
)
def test_a_broken_number_of_tokens_is_explained(cut: float | None, said: str) -> None:
    part = Part(name="qnli/short", rows=0, classes=())
    lengths = Lengths(
        labels=(), train_rows=0, validation_rows=0, cut=cut, counts=(), parts=(part, part)
    )
    assert cut_said(lengths) == said


def test_names_of_classes_stand_as_they_are_written() -> None:
    labels = ("[/goal]", "[b]soup", ":moon:")
    question = Question(task="topic", data="tasks.toml", model="sample")
    found = Found(question=question, lengths=replace(LENGTHS, labels=labels))
    console = Console(width=100)
    with console.capture() as shown:
        console.print(PartsTable(found), emoji=False)
    assert shown.get().split()[2:5] == list(labels)


def test_where_not_all_classes_fit_those_are_shown_that_tell_the_parts_apart() -> None:
    labels = tuple(f"subject number {n}" for n in range(11))
    even = [10] * 11
    parts = (
        Part(name="short", rows=110, classes=(*even[:9], 0, 20)),
        Part(name="long", rows=110, classes=(*even[:9], 20, 0)),
    )
    question = Question(task="topic", data="tasks.toml", model="sample")
    found = Found(question=question, lengths=replace(LENGTHS, labels=labels, parts=parts))
    console = Console(width=42)
    with console.capture() as shown:
        console.print(PartsTable(found))
    head, short, long, more = shown.get().splitlines()
    assert head.split() == ["part", "rows", "subject", "num…", "subject", "num…"]
    assert short.split() == ["short", "110", "0%", "18%"]
    assert long.split() == ["long", "110", "18%", "0%"]
    assert more.rstrip() == "9 more, which differ less"
