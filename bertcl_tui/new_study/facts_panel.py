"""The panel that tells of the tasks of a sequence, as far as they were looked at."""

import time
from collections.abc import Mapping, Sequence
from typing import Final

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from bertcl_tui.new_study.facts import facts_text
from bertcl_tui.style.wording import duration
from bertcl_tui.widgets.frame import Sized, tell
from engine.spec import Protocol
from engine.tasks.facts import NoFacts, TaskFacts

_SOON: Final = 1.0
"""Seconds for which nobody asks what takes so long."""


class FactsPanel(VerticalScroll, Sized, can_focus=False):
    """Shows what is known, and for how long the rest is being looked at."""

    def __init__(self) -> None:
        super().__init__(id="facts", classes="panel")
        self._tasks: tuple[str, ...] = ()
        self._found: Mapping[str, TaskFacts | NoFacts] = {}
        self._protocol = Protocol()
        self._since: float | None = None

    def compose(self) -> ComposeResult:
        yield Static(markup=False)

    def on_mount(self) -> None:
        self.border_title = "What is learnt"
        self.set_interval(_SOON, self._tick)

    def on_resize(self) -> None:
        self._refresh_text()

    def show(
        self,
        tasks: Sequence[str],
        found: Mapping[str, TaskFacts | NoFacts],
        protocol: Protocol,
        *,
        since: float | None,
    ) -> None:
        """Show what was found of these tasks.

        Args:
            tasks: in their order.
            found: by task.
            protocol: how they would be learnt.
            since: when the rest was asked for, by the monotonic clock; None: nothing was.
        """
        self._tasks, self._found = tuple(tasks), found
        self._protocol, self._since = protocol, since
        self._refresh_text()

    def _tick(self) -> None:
        if self._since is not None:
            self._refresh_text()

    def _refresh_text(self) -> None:
        took = 0.0 if self._since is None else time.monotonic() - self._since
        waiting = "reading…" if took < _SOON else f"reading… {duration(took)}"
        text = facts_text(
            self._tasks,
            self._found,
            self._protocol,
            width=self.scrollable_content_region.width,
            waiting=waiting if self._since is not None else "",
        )
        for told in self.query(Static):  # none is there yet as the screen opens
            tell(told, text)
