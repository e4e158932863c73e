"""Layers in rows: rates, who shares one, drift by stage."""

import pytest

from bertcl_tui.charts.layers import LayerRow, draw_layers, drift_label
from bertcl_tui.charts.style import DARK

BOUNDS = (1e-7, 1e-3)
LAYERS = (
    LayerRow(label="embeddings", choice=0, rate=1e-6, drifts=(0.0, 0.001)),
    LayerRow(label="layer 1", choice=1, rate=1e-5, drifts=(0.004, 0.012)),
    LayerRow(label="layer 2", choice=1, rate=1e-5, drifts=(0.005, 0.013)),
    LayerRow(label="layer 3", choice=1, rate=1e-5, drifts=(0.006, None)),
    LayerRow(label="heads", choice=2, rate=1e-4, drifts=(3.2, 6.4)),
)


def _lines(size: tuple[int, int], stages: tuple[str, ...] = ("sst2", "mrpc")) -> list[str]:
    return draw_layers(LAYERS, size, DARK, BOUNDS, stages).plain.splitlines()


def test_layers_that_share_a_rate_are_bracketed() -> None:
    column = [line[11] for line in _lines((60, 8))[1:6]]
    assert column == [" ", "┐", "│", "┘", " "]


def test_drift_stands_under_the_stage_after_which_it_was_measured() -> None:
    header, *rows = _lines((60, 8))
    assert header.split()[-2:] == ["sst2", "mrpc"]
    assert [row.split()[-2:] for row in rows[:5]] == [
        ["0", "0.10%"],
        ["0.40%", "1.2%"],
        ["0.50%", "1.3%"],
        ["0.60%", "–"],
        ["320%", "640%"],
    ]


def test_where_room_is_scarce_the_last_stage_stays_and_hidden_layers_are_counted() -> None:
    header, *rows = _lines((36, 5))
    assert "mrpc" in header
    assert "sst2" not in header
    assert rows[2].strip() == "… 2 more"
    assert rows[3].startswith("heads")


@pytest.mark.parametrize(
    ("drift", "text"),
    [
        (None, "–"),
        (0.0, "0"),
        (0.00004, "4e-3%"),
        (0.0012, "0.12%"),
        (0.013, "1.3%"),
        (6.4, "640%"),
    ],
)
def test_drift_in_per_cent(drift: float | None, text: str) -> None:
    assert drift_label(drift) == text
