"""A choice in one line: turned in place, or picked from the list that opens below it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widgets import Button

from bertcl_tui.widgets.choice import Choice

VALUES = ("all", "later", "first")


class Form(App[None]):
    CSS = """
    Choice { width: 20; height: 1; }
    SelectOverlay { height: auto; max-height: 12; overlay: screen; offset: 0 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.choice = Choice(VALUES, "all")
        self.told: list[str] = []

    def compose(self) -> ComposeResult:
        yield self.choice
        yield Button("Other")

    def on_choice_changed(self, event: Choice.Changed) -> None:
        self.told.append(event.value)


@asynccontextmanager
async def opened() -> AsyncIterator[tuple[Form, Pilot[None]]]:
    form = Form()
    async with form.run_test(size=(40, 10)) as pilot:
        form.choice.focus()
        yield form, pilot


async def test_it_is_picked_from_a_list_by_keys() -> None:
    async with opened() as (form, pilot):
        await pilot.press("enter")
        assert form.choice.expanded
        await pilot.press("down", "enter")
        assert (form.choice.value, form.choice.expanded) == ("later", False)
        assert form.focused is form.choice
        await pilot.press("space", *"fir", "enter")
        assert form.choice.value == "first"
        await pilot.press("enter", "up", "escape")
        assert (form.choice.value, form.choice.expanded) == ("first", False)
        assert form.focused is form.choice
        assert form.told == ["later", "first"]


async def test_it_is_opened_and_picked_by_the_mouse() -> None:
    async with opened() as (form, pilot):
        await pilot.click(Choice)
        assert form.choice.expanded
        await pilot.click("SelectOverlay", offset=(2, 2))
        await pilot.pause()
        assert (form.choice.value, form.choice.expanded) == ("first", False)


async def test_who_goes_elsewhere_closes_it() -> None:
    async with opened() as (form, pilot):
        await pilot.press("enter", "tab")
        await pilot.pause()
        assert not form.choice.expanded
        assert isinstance(form.focused, Button)


async def test_it_is_turned_in_place_up_to_its_ends() -> None:
    async with opened() as (form, pilot):
        await pilot.press("left", "right", "right", "right", "left")
        await pilot.pause()
        assert form.told == ["later", "first", "later"]


def test_there_is_nothing_else_to_choose() -> None:
    with pytest.raises(ValueError, match="'none' is none of"):
        Choice(VALUES, "none")
