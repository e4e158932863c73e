"""Steps in rows: loss, rate, and how far each layer moved."""

from math import nan

import pytest
from msgspec.structs import replace

from bertcl_tui.charts.steps import StageSpan, Steps, StepSeen
from bertcl_tui.charts.style import DARK

LABELS = ("embeddings", "layer 1", "layer 2", "heads")
STAGES = (
    StageSpan(name="sst2", first_step=0, last_step=32),
    StageSpan(name="mrpc", first_step=32, last_step=64),
)


def _seen(step: int, *, loss: float = 0.5, ratio: float = 1e-3) -> StepSeen:
    return StepSeen(
        step=step,
        stage=int(step > 32),
        loss=loss,
        share=1 - step % 32 / 32,
        ratios=(nan, ratio, 1e-5, 1e-1),
    )


WHOLE = Steps(
    seen=tuple(_seen(step, loss=1 - step / 64) for step in range(1, 65)),
    stages=STAGES,
    labels=LABELS,
)


def _lines(steps: Steps, size: tuple[int, int] = (83, 8)) -> list[str]:
    return steps.draw(size, DARK).plain.splitlines()


def _row(lines: list[str], label: str) -> str:
    """Return what is drawn of a row, without its label and its value."""
    (line,) = (line for line in lines if line.startswith(label))
    return line[11:-7]


def test_stages_are_named_where_they_begin() -> None:
    header = _lines(WHOLE)[0]
    assert header.index("stage 1 sst2") < header.index("stage 2 mrpc")
    assert _row(_lines(WHOLE), "heads").index("┊") == 32


def test_a_layer_is_as_high_as_its_update_is_beside_its_weights() -> None:
    lines = _lines(WHOLE)
    assert set(_row(lines, "layer 1")) == {"▅", "┊"}
    assert set(_row(lines, "layer 2")) == {"▁", "┊"}
    assert set(_row(lines, "heads")) == {"█", "┊"}


def test_what_does_not_learn_is_not_drawn() -> None:
    row = _row(_lines(WHOLE), "embeddings")
    assert set(row) == {"·", "┊"}
    assert _lines(WHOLE)[3].endswith("–")


def test_numbers_are_of_the_last_stage() -> None:
    quicker = tuple(_seen(step, ratio=1e-2 if step > 32 else 1e-4) for step in range(1, 65))
    (line,) = (line for line in _lines(replace(WHOLE, seen=quicker)) if line.startswith("layer 1"))
    assert line.endswith("1e-2")


def test_what_is_to_come_is_left_open() -> None:
    lines = _lines(replace(WHOLE, seen=WHOLE.seen[:16]))
    row = _row(lines, "layer 1")
    assert row[:16] == "▅" * 16
    assert set(row[16:]) == {"·", "┊"}


def test_a_stage_that_was_learnt_elsewhere_is_left_open() -> None:
    row = _row(_lines(replace(WHOLE, seen=WHOLE.seen[40:])), "layer 1")
    assert set(row[:32]) == {"·"}
    assert row[33] == "▅"


def test_loss_falls_from_the_top_to_the_bottom_over_all_its_rows() -> None:
    lines = _lines(WHOLE, (83, 12))
    rows = [line[11:75].ljust(64) for line in lines[1:5]]
    heights = [sum(row[place] != " " for row in rows) for place in range(64)]
    del heights[32]
    assert heights == sorted(heights, reverse=True)
    assert (heights[0], heights[-1]) == (4, 1)
    assert lines[1].endswith("0.000")


def test_layers_that_have_no_row_are_counted() -> None:
    lines = _lines(WHOLE, (83, 6))
    assert lines[4].startswith("… 2 more")
    assert lines[5].startswith("heads")


def test_the_key_stands_below_where_there_is_a_row() -> None:
    assert "update / weight ▁1e-5 ▅1e-3 █1e-1" in _lines(WHOLE)[7]


@pytest.mark.parametrize(
    ("steps", "said"),
    [(replace(WHOLE, seen=()), "No step was looked at yet."), (WHOLE, "too small to draw")],
)
def test_what_cannot_be_drawn_is_said(steps: Steps, said: str) -> None:
    size = (60, 6) if not steps.seen else (20, 3)
    assert said in steps.draw(size, DARK).plain


def test_at_a_crosshair_every_row_tells_its_value_there() -> None:
    seen = tuple(_seen(step, loss=step / 100, ratio=step / 1000) for step in range(4, 65, 4))
    steps = replace(WHOLE, seen=seen)
    lines = steps.picture_at((83, 8), DARK, 40).text.plain.splitlines()
    assert lines[0] == "step 40 · stage 2 mrpc"
    assert lines[1].endswith("0.400")
    assert lines[2].endswith("×0.75")
    assert [line.split()[-1] for line in lines[3:6]] == ["–", "4e-2", "1e-5"]
    between = steps.picture_at((83, 8), DARK, 42).text.plain.splitlines()
    assert between[0] == "step 42 @40 · stage 2 mrpc"
    before = steps.picture_at((83, 8), DARK, 2).text.plain.splitlines()
    assert before[0] == "step 2 · stage 1 sst2"
    assert before[1].endswith("–")


def test_a_place_of_the_chart_is_a_step() -> None:
    area = WHOLE.picture_at((82, 8), DARK, None).area
    assert area is not None
    assert area.x_at(area.left) == 0.5
    assert area.x_at(area.left + 63) == 63.5
    assert area.x_at(area.left - 1) is None
