from rich.style import Style
from rich.text import Text

from bertcl_tui.charts.style import Sheet


def spans(text: Text) -> list[tuple[str, str | Style]]:
    return [(text.plain[span.start : span.end], span.style) for span in text.spans]


def test_runs_of_one_style_are_one_span() -> None:
    sheet = Sheet((8, 2))
    sheet.write(0, 0, "ab", "red")
    sheet.write(2, 0, "c", "red")
    sheet.write(3, 0, "d", "blue")
    sheet.write(2, 1, "e", "red")
    text = sheet.to_text()
    assert text.plain == "abcd\n  e"
    assert spans(text) == [("abc", "red"), ("d", "blue"), ("e", "red")]


def test_what_falls_outside_is_dropped() -> None:
    sheet = Sheet((3, 1))
    sheet.write(-1, 0, "abcdef", "red")
    sheet.write(0, 1, "x", "red")
    sheet.write(0, -1, "x", "red")
    assert sheet.to_text().plain == "bcd"


def test_what_is_free() -> None:
    sheet = Sheet((5, 1))
    sheet.write(2, 0, "x", "")
    assert sheet.is_free(0, 0, 2)
    assert not sheet.is_free(0, 0, 3)
    assert sheet.is_free(3, 0, 2)
    assert not sheet.is_free(3, 0, 3)
    assert not sheet.is_free(0, 1, 1)
    assert not sheet.is_free(-1, 0, 1)


def test_what_takes_two_cells_is_written_into_two() -> None:
    sheet = Sheet((7, 1))
    sheet.write(0, 0, "体育", "red")
    sheet.write(4, 0, "e\u0301b", "red")
    assert not sheet.is_free(3, 0, 1)
    assert sheet.to_text().plain == "体育e\u0301b"
    assert sheet.to_text().cell_len == 6


def test_half_of_what_takes_two_cells_is_never_left() -> None:
    sheet = Sheet((5, 1))
    sheet.write(0, 0, "体育", "red")
    sheet.write(1, 0, "ab", "red")
    assert sheet.to_text().plain == " ab"
    sheet.write(4, 0, "体", "red")
    sheet.write(-1, 0, "体", "red")
    assert sheet.to_text().plain == " ab"
