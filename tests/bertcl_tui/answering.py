"""Answers of the engine without a process of their own: that process loads torch for seconds."""

import threading
from collections.abc import Iterator
from queue import SimpleQueue

import msgspec
from msgspec import Struct

from engine.work.answers import answer
from engine.work.ask import Asking


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
    while (item := said.get()) is not None and not asking._cancelled:
        if isinstance(item, Exception):
            raise item
        yield item
