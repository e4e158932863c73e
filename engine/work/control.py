"""Control of a run: what people desire of it, obeyed within two seconds, whatever it is at."""

import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Event, Thread, current_thread, main_thread
from types import FrameType
from typing import Final

from engine.errors import EngineError
from engine.store.leases import LeaseLostError
from engine.store.notices import Heard, Notices
from engine.store.states import Desired
from engine.work.patience import Patience

_LOOK_SECONDS: Final = 0.05
_LISTENING_SECONDS: Final = 1.0
"""Where what is desired is heard of at once: no notice is heard of a connection that was lost."""
_WATCH_SECONDS: Final = 0.5
_SIGNAL: Final = signal.SIGUSR1

Ask = Callable[[], Desired]


class Interrupted(BaseException):
    """The run is to rest or to stop. No error: nothing on the way may take it for one."""

    def __init__(self, desired: Desired) -> None:
        super().__init__(desired)
        self.desired = desired


class DesiredOfHeld:
    """Looks up together what is desired of all runs that a worker holds.

    Args:
        ask: says what is desired of each of them.
    """

    def __init__(self, ask: Callable[[], Mapping[int, Desired]]) -> None:
        self._ask = ask
        self._looked_at = float("-inf")
        self._known: Mapping[int, Desired] = {}

    def of(self, run_id: int) -> Desired:
        """Return what is desired of a run, as it was at most a twentieth of a second ago.

        Raises:
            LeaseLostError: another worker holds the run.
        """
        is_old = time.monotonic() - self._looked_at >= _LOOK_SECONDS
        if is_old or run_id not in self._known:
            self._known, self._looked_at = self._ask(), time.monotonic()
        if run_id not in self._known:
            raise LeaseLostError(f"run {run_id} is held by another worker")
        return self._known[run_id]


class Control:
    """Looks up what is desired of a run.

    Args:
        ask: says what is desired; any thread may ask.
        patience: with a store that does not answer.
        notices: of the store, which is asked when there is one, if they are heard at all.
    """

    def __init__(self, ask: Ask, patience: Patience, notices: Notices | None = None) -> None:
        self._ask = ask
        self._patience = patience
        self._heard = None if notices is None else Heard(notices)
        self._looked_at = float("-inf")
        self._desired: Desired = "running"
        self._is_anywhere = False

    def obey(self) -> None:
        """Look, at most twenty times a second.

        Raises:
            Interrupted: the run is to rest or to stop.
            EngineError: another worker holds the run, or the store was in trouble for too long.
        """
        if not self._is_time():
            return
        self._looked_at = time.monotonic()
        desired = self._patience.call(self._ask)
        if desired != "running":
            raise Interrupted(desired)

    def _is_time(self) -> bool:
        passed, heard = time.monotonic() - self._looked_at, self._heard
        if passed < _LOOK_SECONDS or heard is None:
            return passed >= _LOOK_SECONDS
        return heard.anything() or not heard.listens or passed >= _LISTENING_SECONDS

    @contextmanager
    def obeyed_anywhere(self) -> Iterator[None]:
        """Raise ``Interrupted`` wherever this context is: what it does, it can do anew.

        A thread watches, and a signal breaks into libraries that read files or wait for a network.
        """
        if current_thread() is not main_thread():
            yield
            return
        over = Event()
        before = signal.signal(_SIGNAL, self._interrupt)
        watcher = Thread(target=self._watch, args=(over,), name="control", daemon=True)
        self._is_anywhere = True
        watcher.start()
        try:
            try:
                yield
            finally:
                self._is_anywhere = False
        finally:
            over.set()
            watcher.join()
            signal.signal(_SIGNAL, before)

    def _watch(self, over: Event) -> None:
        while not over.wait(_WATCH_SECONDS):
            try:
                self._desired = self._ask()
            except EngineError:  # who looks next will say so
                continue
            identity = main_thread().ident
            if self._desired != "running" and identity is not None:
                # Not only once: what is raised in a finalizer goes nowhere.
                signal.pthread_kill(identity, _SIGNAL)

    def _interrupt(self, _: int, __: FrameType | None) -> None:
        if self._is_anywhere:
            raise Interrupted(self._desired)
