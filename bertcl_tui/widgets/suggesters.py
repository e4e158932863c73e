"""How what is being typed could go on: a sequence of tasks, or a path."""

import asyncio
from typing import ClassVar

from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.suggester import Suggester
from textual.widgets import Input

from bertcl_tui.options.paths import next_path, paths_after
from bertcl_tui.options.readers import Field, completed


class SequenceSuggester(Suggester):
    """Offers the next task of a sequence."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self.tasks: tuple[str, ...] = ()
        """Those that there are."""

    async def get_suggestion(self, value: str) -> str | None:
        # Of several sequences with commas between them, the last is being typed.
        typed = value.rpartition(",")[2].lstrip()
        whole = completed(typed, self.tasks)
        return None if whole is None else value[: len(value) - len(typed)] + whole


class PathSuggester(Suggester):
    """Offers the first folder or file that fits; folders are read in a thread.

    Args:
        field: says which files there can be, and which words.
    """

    def __init__(self, field: Field) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self.what = (field.files or (), field.words)

    async def get_suggestion(self, value: str) -> str | None:
        found = await asyncio.to_thread(paths_after, value, *self.what)
        return next((item for item in found if item != value), None)


class PathInput(Input):
    """Completes a path by tab as a shell does; where nothing is begun, tab goes to what is next."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("tab", "complete", show=False)]

    def __init__(self, text: str, field: Field, placeholder: str) -> None:
        self._paths = PathSuggester(field)
        super().__init__(text, placeholder=placeholder, suggester=self._paths, compact=True)

    async def action_complete(self) -> None:
        """Go on with what was typed."""
        typed = self.value
        if not self.cursor_at_end:
            raise SkipAction
        whole = await asyncio.to_thread(next_path, typed, *self._paths.what)
        if whole is None or self.value != typed:
            raise SkipAction
        self.value = whole
        self.cursor_position = len(whole)
