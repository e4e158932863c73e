"""Waiting for what threads bring, without a fixed time."""

import asyncio
import time
from collections.abc import Callable

from textual.pilot import Pilot

_PATIENCE = 60.0
_BETWEEN = 0.02
"""Seconds from look to look: the app goes on by itself, and is not asked to meanwhile."""


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
        await asyncio.sleep(_BETWEEN)
    await pilot.pause()
