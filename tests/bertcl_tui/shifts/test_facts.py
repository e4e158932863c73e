"""What is said of a task's shifts."""

import pytest

from bertcl_tui.shifts.facts import cut_said
from engine.tasks.shift_findings import Lengths, Part


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
