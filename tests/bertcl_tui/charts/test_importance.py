from rich.text import Text

from bertcl_tui.charts.bars import Share, draw_importance
from bertcl_tui.charts.style import DARK


def rows(text: Text) -> list[str]:
    return text.plain.split("\n")


def test_the_greatest_comes_first_and_fills_the_row() -> None:
    shares = [Share("embeddings", 0.1), Share("heads", 0.4), Share("layer 6", 0.2)]
    assert rows(draw_importance(shares, (35, 3), DARK)) == [
        "heads      ████████████████████ .40",
        "layer 6    ██████████           .20",
        "embeddings █████                .10",
    ]


def test_shares_that_do_not_fit_are_counted() -> None:
    shares = [Share(f"layer {number}", number / 100) for number in range(12)]
    drawn = rows(draw_importance(shares, (30, 4), DARK))
    assert len(drawn) == 4
    assert drawn[0].startswith("layer 11")
    assert drawn[3] == "… 9 more"


def test_all_or_nothing() -> None:
    drawn = rows(draw_importance([Share("heads", 1.0), Share("rest", 0.0)], (30, 2), DARK))
    assert drawn[0].endswith("1.0")
    assert drawn[1].endswith(".00")
    assert rows(draw_importance([Share("heads", 0.0)], (30, 1), DARK))[0].endswith(".00")


def test_nothing_to_draw_and_no_room() -> None:
    assert "complete trials" in draw_importance([], (40, 3), DARK).plain
    assert draw_importance([Share("heads", 1.0)], (10, 3), DARK).plain == "needs 18×1"
