"""Classes of a task: as matrices where there is room, as a list where there are many."""

import pytest
from rich.cells import cell_len

from bertcl_tui.charts.confusion import MANY, Classes, ClassRow, Matrix, draw_classes
from bertcl_tui.charts.style import DARK

SHARES = 7 + 6 + 7
"""Columns of what is told of a class."""


def row(label: str, before: float | None, after: float, *taken_for: tuple[str, int]) -> ClassRow:
    fall = None if before is None else before - after
    return ClassRow(
        label=label, rows=10, before=before, after=after, fall=fall, taken_for=taken_for
    )


def of(rows: list[ClassRow], *matrices: Matrix, compared: bool = True) -> Classes:
    ranked = sorted(rows, key=lambda each: -(each.fall or 0.0))
    return Classes(
        classes=tuple(rows),
        ranked=tuple(ranked),
        matrices=matrices,
        compared=compared,
        rows="On some rows.",
    )


BEFORE = Matrix("own stage", ((9, 1), (0, 10)))
AFTER = Matrix("at the end", ((10, 0), (7, 3)))
TWO = of([row("negative", 0.9, 1.0), row("positive", 1.0, 0.3, ("negative", 7))], BEFORE, AFTER)
MANY_ROWS = [row(f"class {n}", 0.9, 0.9 - n / 20, (f"class {n + 1}", n)) for n in range(MANY)]


def lines(classes: Classes, width: int) -> list[str]:
    """Return what is drawn above the notes, with one space for several."""
    drawn, _, _ = draw_classes(classes, width, DARK).plain.rpartition("\n\n")
    assert all(cell_len(line) <= width for line in drawn.splitlines())
    return [" ".join(line.split()) for line in drawn.splitlines()]


@pytest.mark.parametrize(
    ("width", "heads", "first"),
    [
        (8 + 2 * 21 + SHARES, "negative positive negative positive", "negative 9 1 10 ·"),
        (10 + 2 * 9 + SHARES, "1 2 1 2", "1 negative 9 1 10 ·"),
        (10 + 9 + SHARES, "1 2", "1 negative 10 ·"),
    ],
)
def test_two_matrices_where_they_fit_and_numbers_for_names_that_do_not(
    width: int, heads: str, first: str
) -> None:
    _, header, negative, positive = lines(TWO, width)
    assert header == f"{heads} before after fall"
    assert negative == f"{first} 0.900 1.000 −0.100"
    assert positive.endswith("1.000 0.300 0.700")


def test_a_list_where_no_matrix_fits() -> None:
    header, *rows = lines(TWO, 10 + 8 + SHARES)
    assert header == "class rows before after fall"
    assert rows == ["positive 10 1.000 0.300 0.700", "negative 10 0.900 1.000 −0.100"]


def test_of_many_classes_the_most_forgotten_come_first_and_what_they_are_taken_for() -> None:
    header, first, *_ = lines(of(MANY_ROWS), 100)
    assert header == "class rows before after fall taken for"
    assert first.startswith(f"class {MANY - 1} 10 0.900 0.350 0.550 █████▌")
    assert first.endswith(f"class {MANY} +{MANY - 1}")


def test_below_the_list_of_many_stands_their_matrix_where_it_fits() -> None:
    matrix = Matrix(
        "at the end", tuple(tuple(int(i == j) for j in range(MANY)) for i in range(MANY))
    )
    whole = lines(of(MANY_ROWS, matrix), 100)
    assert len(whole) == (1 + MANY) + 1 + (2 + MANY)
    assert whole[-1].startswith(f"{MANY} class {MANY - 1} ")


def test_after_one_stage_there_is_recall_and_nothing_to_compare_with() -> None:
    one = of([row("no", None, 0.9), row("yes", None, 0.5, ("no", 5))], BEFORE, compared=False)
    assert lines(one, 60) == ["own stage", "no yes recall", "no 9 1 0.900", "yes · 10 0.500"]


def test_a_larger_share_of_a_class_has_a_stronger_ground() -> None:
    text = draw_classes(TWO, 80, DARK)
    grounds = {
        text.plain[span.start : span.end].strip(): str(span.style).partition(" on ")[2]
        for span in text.spans
        if "on #" in str(span.style)
    }
    order = [DARK.shades.index(grounds[count]) for count in ("1", "3", "7", "9")]
    assert order == sorted(set(order))
    assert grounds["10"] == DARK.shades[-1]


def test_names_that_take_two_cells_a_character_shift_no_column() -> None:
    wide = of([row("体育新闻", 0.9, 1.0), row("财经", 1.0, 0.3, ("体育新闻", 7))], BEFORE, AFTER)
    for width in (120, 12 + 9 + SHARES, 60):
        drawn, _, _ = draw_classes(wide, width, DARK).plain.rpartition("\n\n")
        *_, first, second = drawn.splitlines()
        assert cell_len(first.partition("0.900")[0]) == cell_len(second.partition("1.000")[0])
