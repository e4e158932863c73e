"""Dialogs that ask for texts: what is typed in them is seen, and so is what is said of it."""

from pathlib import Path
from typing import Any

import pytest
from textual.geometry import Region
from textual.screen import Screen
from textual.widgets import Input, Static

from bertcl_tui.kit.dialogs import ConfirmScreen, FormScreen, LeaveScreen, Texts, listed
from bertcl_tui.options.readers import Field, file_field, whole
from tests.bertcl_tui.host import Host

NOTE = "In one line, with #tags if you like; a filter finds it again, such as note:#keep here."
DATA = "Ends in .csv, .tsv, .json or .parquet."
PATH = "trials-of-rotten-tomatoes-to-privacy-qa-by-the-default-preset.csv"
FIELDS = (
    file_field(DATA, PATH),
    Field("note", "Note", NOTE, str, long=True),
    Field("top", "Trials", "How many of the best.", whole("trials", least=1, example=4), "4"),
)


def said(screen: FormScreen, where: str) -> str:
    return str(screen.query_one(where, Static).render())


def form() -> FormScreen:
    def remark(texts: Texts) -> str:
        return f"Writes {texts['path']}."

    return FormScreen("Export trials", FIELDS, go="Export", remark=remark)


@pytest.mark.parametrize("size", [(60, 18), (80, 24), (120, 40)])
async def test_paths_have_the_room_there_is_and_notes_are_said_in_full(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with Host(str(tmp_path / "studies.db"), lambda _: form()).run_test(size=size) as pilot:
        await pilot.pause()
        screen = pilot.app.screen
        assert isinstance(screen, FormScreen)
        box = screen.query_one("#dialog")
        path, note, top = screen.query(Input)
        for entry in (path, note):
            assert (entry.region.x, entry.region.right) == (top.region.x, box.content_region.right)
        assert size[0] < 110 or path.content_size.width > len(PATH)
        assert said(screen, "#hint") == DATA
        await pilot.press("down")
        await pilot.pause()
        assert said(screen, "#hint") == NOTE
        assert screen.query_one("#hint").region in box.region
        await pilot.press("down")
        await pilot.pause()
        beside = size[0] >= 110  # there is room for it
        assert said(screen, "#hint") == ("" if beside else "How many of the best.")
        top.value = "none"
        await pilot.pause()
        trouble = "trials 'none' is no whole number; write one like 4"
        assert said(screen, "#hint") == ("" if beside else trouble)
        note.value = "#keep"
        await pilot.pause()
        assert said(screen, "#remark") == f"✗ {trouble}"
        assert said(screen, "#hint") == ""
        assert screen.query_one("#go").region in box.content_region


LONG = "privacy-qa-after-rotten-tomatoes-with-many-words-in-its-name-" * 3
LOST = "31 trials and all that they measured go too; z has it back for a minute."
EIGHT = tuple(f"{number}-of-studies-with-quite-a-long-name-at-work-{number}" for number in range(8))


def read(screen: Screen[Any], where: str) -> str:
    """Return what can be read of a text, its lines one after another."""
    shown, box = screen.query_one(where), screen.query_one("#dialog").content_region
    seen = shown.region.intersection(box)
    strips = shown.render_lines(Region(0, 0, *shown.size))[: seen.height]
    return "\n".join(strip.crop(0, seen.width).text.rstrip() for strip in strips)


def words(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize("size", [(60, 18), (80, 24), (120, 40)])
async def test_a_question_is_read_to_its_end(tmp_path: Path, size: tuple[int, int]) -> None:
    detail = f"{listed(EIGHT)}\n\n2 studies at work: stopped first, within a step.\n{LOST}"
    for question in (f"Delete {LONG}?", "Delete 8 studies?"):
        asked = ConfirmScreen(question, LOST if LONG in question else detail, "Delete")
        async with Host(str(tmp_path / "s.db"), lambda _, asked=asked: asked).run_test(
            size=size
        ) as pilot:
            await pilot.pause()
            assert words(read(asked, "#question")) == words(question)
            assert words(read(asked, "#detail")) == words(asked._detail)
            assert asked.query_one("#yes").region in asked.query_one("#dialog").content_region


@pytest.mark.parametrize("size", [(60, 18), (80, 24), (120, 40)])
async def test_who_leaves_is_told_what_is_at_work_and_of_how_many_more(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    awaited = () if size[1] < 24 else ("flat", "llrd", "per-layer-of-eight-studies")
    leaving = LeaveScreen(EIGHT, awaited=awaited)
    async with Host(str(tmp_path / "s.db"), lambda _: leaving).run_test(size=size) as pilot:
        await pilot.pause()
        named = read(leaving, "#detail").splitlines()
        assert [line[0] for line in named[:6]] == [*"012345"]
        assert [line[-1] for line in named[:6]] == [*"012345"]
        assert named[6] == "and 2 more"
        assert not awaited or words(read(leaving, "#awaited")).endswith("whatismissing.")
