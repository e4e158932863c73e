"""Bringing news to channels: a slow one or a dead one holds up nobody, and is told of once."""

import time
from collections.abc import Callable, Iterable, Sequence
from math import inf
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Final

from bertcl_tui.news.channels import Channel, ChannelError, channels_of
from bertcl_tui.news.events import News
from bertcl_tui.news.rules import Rule
from bertcl_tui.style.wording import count

_TRY_AGAIN_SECONDS: Final = 30.0
"""After which what could not be told is tried once more."""
_LAST_PAUSE_SECONDS: Final = 2.0
_MOST_WAITING: Final = 200
"""Pieces of news that are kept for a channel that is dead; older ones are lost."""

Complain = Callable[[str], None]
"""Takes one line about a channel, from any thread."""


def matches(rule: Rule, item: News) -> bool:
    """Whether a rule wants this told."""
    return rule.active and not set(rule.on).isdisjoint(item.kinds) and rule.covers(item.study)


def told(several: Iterable[News], rules: Iterable[Rule]) -> list[News]:
    """Return what at least one rule wants told."""
    rules = tuple(rules)
    return [item for item in several if any(matches(rule, item) for rule in rules)]


class Sender:
    """Sends to one channel, in a thread of its own; what comes meanwhile goes together.

    Args:
        channel: where to.
        complain: is told once, in a line, that the channel fails.
        last_tries: how often what is left at the end is tried.
    """

    def __init__(self, channel: Channel, complain: Complain, last_tries: int) -> None:
        self._channel = channel
        self._complain = complain
        self._last_tries = last_tries
        self._queue: SimpleQueue[Sequence[News] | None] = SimpleQueue()
        self._has_complained = False
        self.lost = 0
        """Pieces of news that nobody was told."""
        self._thread = Thread(target=self._work, name=channel.name, daemon=True)
        self._thread.start()

    def send(self, several: Sequence[News]) -> None:
        """Have these brought; returns at once."""
        self._queue.put(several)

    def finish(self) -> None:
        """Let the last be brought, and nothing after it; returns at once."""
        self._queue.put(None)

    def wait(self, seconds: float | None) -> int:
        """Wait for what is left; return how many pieces of news were not brought.

        Args:
            seconds: most that are waited; None: as long as it takes.
        """
        self._thread.join(seconds)
        return self.lost

    @property
    def name(self) -> str:
        """What people call the channel."""
        return self._channel.name

    def _work(self) -> None:
        waiting: list[News] = []
        ends = False
        while not ends:
            ends = self._take(waiting)
            self._try(waiting)
        for _ in range(self._last_tries - 1):
            if waiting:
                time.sleep(_LAST_PAUSE_SECONDS)
                self._try(waiting)
        self.lost += len(waiting)

    def _take(self, waiting: list[News]) -> bool:
        """Wait for more, or until what is left may be tried again; return whether that was all."""
        try:
            taken = self._queue.get(timeout=_TRY_AGAIN_SECONDS if waiting else None)
            while taken is not None:
                waiting.extend(taken)
                taken = self._queue.get_nowait()
        except Empty:
            self.lost += max(0, len(waiting) - _MOST_WAITING)
            del waiting[:-_MOST_WAITING]
            return False
        return True

    def _try(self, waiting: list[News]) -> None:
        if not waiting:
            return
        try:
            self._channel.send(waiting)
        except ChannelError as error:
            if not self._has_complained:
                self._has_complained = True
                self._complain(f"{self.name}: {error}")
            if not error.lasts:
                return
            self.lost += len(waiting)
        waiting.clear()


class Post:
    """Brings news where rules want them, to each channel once.

    Args:
        complain: is told in a line of a channel that fails, once.
        channels: returns those of a rule.
        last_tries: how often what is left at the end is tried.
    """

    def __init__(
        self,
        complain: Complain,
        channels: Callable[[Rule], Sequence[Channel]] = channels_of,
        *,
        last_tries: int = 1,
    ) -> None:
        self._complain = complain
        self._channels_of = channels
        self._last_tries = last_tries
        self._senders: dict[Channel, Sender] = {}

    def bring(self, several: Sequence[News], rules: Sequence[Rule]) -> None:
        """Send news to the channels of the rules that want them; returns at once."""
        wanting: dict[Channel, list[Rule]] = {}
        for rule in rules:
            for channel in self._channels_of(rule):
                wanting.setdefault(channel, []).append(rule)
        for channel, own in wanting.items():
            if wanted := told(several, own):
                self.send(channel, wanted)

    def send(self, channel: Channel, several: Sequence[News]) -> None:
        """Send news to one channel; returns at once."""
        if channel not in self._senders:
            self._senders[channel] = Sender(channel, self._complain, self._last_tries)
        self._senders[channel].send(several)

    def close(self, seconds: float | None = None) -> list[str]:
        """Wait for what is left, and return a line for each channel that missed something.

        Args:
            seconds: most that are waited for all together; None: as long as it takes.
        """
        senders = self._senders.values()
        for sender in senders:
            sender.finish()
        given_up_at = inf if seconds is None else time.monotonic() + seconds
        missed = [(sender.name, sender.wait(_left(given_up_at))) for sender in senders]
        return [f"{name}: {count(lost, 'event')} did not arrive" for name, lost in missed if lost]


def _left(given_up_at: float) -> float | None:
    """Return the seconds until a moment; None: there is no end."""
    return None if given_up_at == inf else max(0.0, given_up_at - time.monotonic())


def sample_news(of: str) -> News:
    """Return what is sent to try a channel out; ``of`` is whose it is."""
    return News(
        text=f"a test of {of}: here you are told", kinds=("test",), at=time.time(), by_hand=True
    )
