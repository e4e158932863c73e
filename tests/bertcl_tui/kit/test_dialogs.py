"""Dialogs that ask for texts: what is typed in them is seen, and so is what is said of it."""

from pathlib import Path

import pytest
from textual.widgets import Input, Static

from bertcl_tui.kit.dialogs import FormScreen, Texts
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
