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
