"""Waiting for what threads bring, without a fixed time."""

import time
from collections.abc import Callable

from textual.pilot import Pilot

_PATIENCE = 60.0


async def until(
    pilot: Pilot[None], condition: Callable[[], object], *, patience: float = _PATIENCE
) -> None:
    """Let the app go on until the condition holds; fail where it never does.

    Args:
        pilot: of the app.
        condition: is asked again and again.
        patience: seconds; more where a model is loaded in between.
    """
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, "what was waited for never came"
        await pilot.pause(0.01)
    await pilot.pause()
