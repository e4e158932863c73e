"""Both themes can be read: what stands on what, by the contrast of WCAG 2."""

from pathlib import Path

import pytest
from rich.style import Style
from textual.color import Color
from textual.strip import Strip

from bertcl_tui.app.app import BertclApp
from bertcl_tui.settings import Settings
from bertcl_tui.settings.named import check_settings
from bertcl_tui.studies.table import StudiesTable
from bertcl_tui.style.looks import looks_of
from bertcl_tui.style.themes import DARK, LIGHT, theme_names
from tests.bertcl_tui.waiting import until

GROUNDS = ("background", "surface", "panel")


def _contrast(ink: Color, ground: Color) -> float:
    light, dark = sorted((_luminance(ink), _luminance(ground)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: Color) -> float:
    shares = (color.r / 255, color.g / 255, color.b / 255)
    linear = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares)
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.app
@pytest.mark.parametrize("theme", [DARK.name, LIGHT.name])
async def test_words_stand_out_from_what_is_behind_them_and_on_the_line_of_the_cursor(
    theme: str,
) -> None:
    app = BertclApp("none.db", settings=Settings(theme=theme))
    async with app.run_test():
        looks, variables = looks_of(app), app.theme_variables
    words = {name: getattr(looks, name) for name in ("text", "accent", "good", "warning", "bad")}
    for ground in GROUNDS:
        behind = Color.parse(variables[ground])
        too_faint = {
            name: round(contrast, 2)
            for name, ink in words.items()
            if (contrast := _contrast(Color.parse(ink), behind)) < 4.5
        }
        assert too_faint == {}, ground
        assert _contrast(Color.parse(looks.muted), behind) >= 3
        assert _contrast(Color.parse(variables["foreground"]), behind) >= 7
    surface, primary = Color.parse(variables["surface"]), Color.parse(variables["primary"])
    line = surface.blend(primary, 0.35)
    assert _contrast(Color.parse(looks.text), line) >= 4.5
    assert _contrast(Color.parse(looks.muted), line) >= 3
    assert _contrast(line, surface) >= 1.3


@pytest.mark.app
@pytest.mark.parametrize("name", theme_names())
def test_every_theme_that_is_offered_can_be_set(name: str) -> None:
    check_settings(Settings(theme=name))
    assert name in BertclApp("none.db").available_themes


@pytest.mark.parametrize("theme", ["bertcl-dark", "textual-light"])
async def test_without_colours_the_line_of_the_cursor_still_differs(
    theme: str, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = BertclApp(str(store), settings=Settings(theme=theme))
    async with app.run_test() as pilot:
        table = app.screen.query_one(StudiesTable)
        await until(pilot, lambda: len(table.items) > 1)
        await until(pilot, lambda: table.has_focus)
        here, there = (_first_style(app, table.render_line(line)) for line in (1, 2))
    assert here is not None
    assert there is not None
    assert (bool(here.reverse), bool(there.reverse)) == (True, False)


@pytest.mark.parametrize("theme", ["ansi-dark", "ansi-light"])
async def test_the_terminals_own_colours_can_be_read_without_colours(
    theme: str, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = BertclApp(str(store), settings=Settings(theme=theme))
    async with app.run_test() as pilot:
        table = app.screen.query_one(StudiesTable)
        await until(pilot, lambda: len(table.items) > 1)
        await until(pilot, lambda: table.has_focus)
        await _check_it_can_be_read(app, table)
        assert any("NO_COLOR" in toast.message for toast in app._notifications)
        app.theme = "bertcl-light"
        await until(pilot, lambda: app.settings.theme == "bertcl-light")
        app.theme = theme
        await until(pilot, lambda: app.theme == "bertcl-dark")
        await _check_it_can_be_read(app, table)
        assert app.settings.theme == theme


async def _check_it_can_be_read(app: BertclApp, table: StudiesTable) -> None:
    for line in (1, 2):
        style = _first_style(app, table.render_line(line))
        assert style is not None
        assert (style.color, style.bgcolor, bool(style.dim)) == (None, None, False)


def _first_style(app: BertclApp, strip: Strip) -> Style | None:
    """Return how a line begins when all that the terminal cannot show is taken away."""
    for line_filter in app.get_line_filters():
        strip = strip.apply_filter(line_filter, Color(0, 0, 0))
    return next(iter(strip)).style
