"""Waiting for what threads bring, without a fixed time."""

import time
from collections.abc import Callable

from textual.pilot import Pilot

_PATIENCE = 20.0


async def until(pilot: Pilot[None], condition: Callable[[], object]) -> None:
    """Let the app go on until the condition holds; fail where it never does."""
    deadline = time.monotonic() + _PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "what was waited for never came"
        await pilot.pause(0.01)
    await pilot.pause()
