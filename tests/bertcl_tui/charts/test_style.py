from itertools import combinations

import pytest
from rich.cells import cell_len
from rich.color import Color
from rich.style import Style

from bertcl_tui.charts.style import DARK, LIGHT, REFERENCE_GLYPH, SERIES_GLYPHS, message

BACKGROUNDS = {"dark": "#121212", "light": "#ffffff"}
PALETTES = {"dark": DARK, "light": LIGHT}


def linear(style: str) -> list[float]:
    """Red, green and blue as light, 0..1."""
    colour = Style.parse(style).color or Color.parse(style)
    shares = [channel / 255 for channel in colour.get_truecolor()]
    return [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares]


def contrast(one: str, other: str) -> float:
    """WCAG 2 contrast ratio."""
    lights = sorted(
        sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear(style), strict=True))
        for style in (one, other)
    )
    return (lights[1] + 0.05) / (lights[0] + 0.05)


@pytest.mark.parametrize("theme", PALETTES)
def test_lines_and_words_stand_out(theme: str) -> None:
    palette, background = PALETTES[theme], BACKGROUNDS[theme]
    for style in palette.series:
        assert contrast(style, background) >= 3.5, style
    assert contrast(palette.text, background) >= 7
    assert contrast(palette.highlight, background) >= 7
    assert contrast(palette.muted, background) >= 4.5
    assert 1.5 <= contrast(palette.faint, background) <= contrast(palette.muted, background)
    assert contrast(palette.bar, background) >= 2.5
    assert contrast(palette.text, palette.bar) >= 4.5


def as_seen_without(cone: str, style: str) -> list[float]:
    """Light as seen by a dichromat (Machado, Oliveira and Fernandes 2009, severity 1)."""
    matrices = {
        "red": ((0.152, 1.053, -0.205), (0.115, 0.786, 0.099), (-0.004, -0.048, 1.052)),
        "green": ((0.367, 0.861, -0.228), (0.280, 0.673, 0.047), (-0.012, 0.043, 0.969)),
    }
    light = linear(style)
    return [sum(m * c for m, c in zip(row, light, strict=True)) for row in matrices[cone]]


def lab(light: list[float]) -> tuple[float, float, float]:
    """CIE L*a*b* of linear sRGB."""
    rows = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
    white = (0.9505, 1.0, 1.089)
    xyz = [
        max(sum(m * c for m, c in zip(row, light, strict=True)), 0) / w
        for row, w in zip(rows, white, strict=True)
    ]
    f = [v ** (1 / 3) if v > 0.008856 else 7.787 * v + 16 / 116 for v in xyz]
    return 116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])


@pytest.mark.parametrize("theme", PALETTES)
@pytest.mark.parametrize("cone", ["red", "green"])
def test_series_can_be_told_apart_by_the_colour_blind(theme: str, cone: str) -> None:
    seen = {style: lab(as_seen_without(cone, style)) for style in PALETTES[theme].series}
    for one, other in combinations(seen, 2):
        distance = sum((a - b) ** 2 for a, b in zip(seen[one], seen[other], strict=True)) ** 0.5
        assert distance >= 10, (one, other)


def test_glyphs_are_one_cell_each_and_different() -> None:
    assert all(cell_len(glyph) == 1 for glyph in SERIES_GLYPHS + REFERENCE_GLYPH)
    assert len(set(SERIES_GLYPHS + REFERENCE_GLYPH)) == len(DARK.series) + 1


def test_message_stands_in_the_middle() -> None:
    assert message("hello", (11, 3), "dim").plain == "\n   hello\n"
    assert message("hello", (3, 1), "dim").plain == "hel"
