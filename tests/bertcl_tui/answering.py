"""Answers of the engine without a process of their own: that process loads torch for seconds."""

import threading
from collections.abc import Iterator
from queue import Empty, SimpleQueue
from typing import Final

import msgspec
from msgspec import Struct

from engine.work.answers import answer
from engine.work.ask import Asking

_LOOK_SECONDS: Final = 0.02
"""After so long at most it is seen that nobody waits for an answer any more."""


class _CancelledError(Exception):
    pass


def answers_here(asking: Asking) -> Iterator[bytes]:
    """Yield the answers to a question as they come, as ``Asking.answers`` does.

    Only a thread is between the question and the very function that the process would call.
    """
    said: SimpleQueue[bytes | Exception | None] = SimpleQueue()

    def say(item: Struct) -> None:
        if asking._cancelled:
            raise _CancelledError
        said.put(msgspec.json.encode(item) + b"\n")

    def work() -> None:
        try:
            answer(asking._question, say)
        except Exception as error:
            said.put(error)
        said.put(None)

    threading.Thread(target=work, daemon=True).start()
    while not asking._cancelled:
        try:
            item = said.get(timeout=_LOOK_SECONDS)
        except Empty:
            continue
        if item is None:
            return
        if isinstance(item, Exception):
            raise item
        yield item
