"""What is said of a task's shifts."""

import pytest
from msgspec.structs import replace
from rich.console import Console

from bertcl_tui.shifts.facts import Found, cut_said
from bertcl_tui.shifts.screen import table_of_parts
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
        console.print(table_of_parts(found), emoji=False)
    assert shown.get().split()[2:5] == list(labels)
