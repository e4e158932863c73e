"""Workers as actors of a Ray cluster, for as long as this process lives.

Ray chooses the machine, gives each actor its GPU or its share of one (``CUDA_VISIBLE_DEVICES``),
and starts one that died again, elsewhere where its machine is gone; its run goes on from the last
checkpoint. Actors that find no place are what Ray's autoscaler adds machines for.
"""

import time
from contextlib import closing, suppress
from dataclasses import dataclass, field
from functools import partial
from threading import Event
from typing import Any, Final

import ray
from ray.exceptions import RayActorError, RayError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from engine.errors import EngineError, UsageError, kind_and_line, shown
from engine.places.named import named_places
from engine.store.connection import Store, open_store
from engine.store.workers import set_desired_of_worker
from engine.work.launchers.asked import Asked, Say, workers_missing
from engine.work.launchers.cluster import (
    connected,
    gpus_there,
    has_room,
    require_room,
    require_shared_store,
    what_is_there,
)
from engine.work.launchers.placed import Begun, PlacedWorker
from engine.work.patience import WORKER_SECONDS, Patience
from engine.work.supervisor import when_asked_to_end

_LOOK_SECONDS: Final = 1.0
_MOST_STARTING: Final = 8
"""Workers that have not begun yet: more would only wait for a place."""
_MOST_DEATHS: Final = 5
"""Of a worker, one soon after the other."""
_SOON: Final = 600.0
_MOST_FAILURES: Final = 3
"""In a row: where that many cannot work, no other will."""
_PLACE_SECONDS: Final = 15.0
"""After which people are told that workers wait for a place."""


def launch(asked: Asked, say: Say) -> None:
    """Place workers on a Ray cluster while there is something to do, until asked to end.

    Raises:
        UsageError: there is no such cluster, or workers cannot be there.
        EngineError: workers failed, or the cluster went away.
    """
    with (
        connected(asked.address) as started,
        closing(open_store(asked.settings.store, create=False)) as store,
    ):
        require_shared_store(store)
        asked = asked.settled(gpus_there=gpus_there() > 0)
        if started:
            require_room(asked)
        say(f"each worker has {asked.each}; there {what_is_there()}")
        workers = RayWorkers(store, asked, say)
        try:
            with when_asked_to_end(workers.end):
                workers.serve()
        except RayError as error:
            raise EngineError(f"the cluster is gone: {kind_and_line(error)}") from None


@dataclass(eq=False)
class _Placed:
    """An actor, and what is known of the worker in it."""

    actor: Any
    placed_at: float = field(default_factory=time.monotonic)
    begun: Begun | None = None
    deaths: int = 0


class RayWorkers:
    """The workers that were placed, by what their actors were asked last.

    Args:
        store: what is to be done.
        asked: what each of them has, and how many there may be.
        say: tells people what becomes of them.
    """

    def __init__(self, store: Store, asked: Asked, say: Say) -> None:
        self._store = store
        self._asked = asked
        self._say = say
        self._placed: dict[Any, _Placed] = {}
        self._ending = Event()
        self._patience = Patience(self._ending)
        self._failures: list[str] = []
        """Since a worker last came to its end."""
        self._sent_home = 0
        """Workers that a person has ended: nobody takes their places."""
        self._nothing_left = False
        """A worker ended as there was nothing to do, and nobody is to wait for more."""
        self._told_of_waiting = False

    def end(self) -> None:
        """Let the workers give their runs back; when asked twice, do not wait for that."""
        if self._ending.is_set():
            raise KeyboardInterrupt
        self._ending.set()

    def serve(self) -> None:
        """Place workers and hear of them until all is done, or until asked to end.

        Raises:
            EngineError: too many failed.
        """
        while not (self._ending.is_set() or len(self._failures) >= _MOST_FAILURES):
            missing = self._missing()
            if missing <= 0 and not self._placed and self._may_end():
                break
            self._drop_waiting(-missing)
            for _ in range(min(missing, _MOST_STARTING - len(self._waiting()))):
                self._place()
            self._tell_of_waiting()
            self._hear()
        self._send_home()
        if self._failures:
            number = len(self._failures)
            workers = "1 worker" if number == 1 else f"{number} workers"
            raise EngineError(f"{workers} failed; the last: {self._failures[-1]}")

    def _missing(self) -> int:
        """Return how many workers are to be placed now; below 0, how many are too many."""
        if self._nothing_left:
            return -len(self._placed)
        mine = [item.begun.worker_id for item in self._placed.values() if item.begun is not None]
        ask = partial(
            workers_missing,
            self._store,
            self._asked,
            mine,
            len(self._placed) + self._sent_home,
        )
        return self._patience.call(ask, at_most=WORKER_SECONDS)

    def _may_end(self) -> bool:
        """Whether nobody is to wait for more work, or those were sent home who would do it."""
        most = self._asked.most
        return self._asked.settings.until_idle or (most is not None and self._sent_home >= most)

    def _place(self) -> None:
        here = None
        if self._store.path is not None:
            here = NodeAffinitySchedulingStrategy(
                ray.get_runtime_context().get_node_id(), soft=False
            )
        actor_class = ray.remote(PlacedWorker).options(
            num_cpus=self._asked.cpus,
            num_gpus=self._asked.gpus,
            max_restarts=-1,
            scheduling_strategy=here,
        )
        self._begin(_Placed(actor_class.remote(self._asked.settings, named_places())))

    def _begin(self, placed: _Placed) -> None:
        placed.begun, placed.placed_at = None, time.monotonic()
        self._placed[placed.actor.begin.remote()] = placed

    def _waiting(self) -> list[Any]:
        """Return what actors were asked that have not begun, as they may have no place."""
        return [asked for asked, placed in self._placed.items() if placed.begun is None]

    def _drop_waiting(self, most: int) -> None:
        for asked in self._waiting()[: max(0, most)]:
            ray.kill(self._placed.pop(asked).actor)

    def _tell_of_waiting(self) -> None:
        """Say once that no worker has found a place yet; that may be so for long."""
        waiting = self._waiting()
        now = time.monotonic()
        if self._told_of_waiting or len(waiting) < len(self._placed) or not waiting:
            return
        if all(now - self._placed[asked].placed_at > _PLACE_SECONDS for asked in waiting):
            ever = "" if has_room(self._asked) else ", so a machine must join that has them"
            self._say(
                f"workers wait for a place with {self._asked.each}; there {what_is_there()}{ever}"
            )
            self._told_of_waiting = True

    def _hear(self) -> None:
        """Hear of whoever has something to say, or wait a little."""
        if not self._placed:
            self._ending.wait(_LOOK_SECONDS)
            return
        ready, _ = ray.wait(list(self._placed), timeout=_LOOK_SECONDS)
        for asked in ready:
            placed = self._placed.pop(asked)
            try:
                said: Begun | bool = ray.get(asked)
            except RayTaskError as error:
                self._has_failed(_reason(error))
            except RayActorError as error:
                self._died(placed, error)
            else:
                if isinstance(said, Begun):
                    self._has_begun(placed, said)
                else:
                    self._has_ended(nothing_left=said)

    def _has_begun(self, placed: _Placed, begun: Begun) -> None:
        placed.begun = begun
        self._say(f"worker {begun.worker_id} begins on {begun.host}")
        self._placed[placed.actor.work.remote()] = placed

    def _has_ended(self, *, nothing_left: bool) -> None:
        self._failures.clear()
        self._nothing_left |= nothing_left and self._asked.settings.until_idle
        self._sent_home += not nothing_left

    def _has_failed(self, why: str) -> None:
        self._failures.append(why)
        self._say(f"a worker failed: {why}")

    def _died(self, placed: _Placed, error: RayActorError) -> None:
        """Begin again in the actor, which Ray starts anew; not for ever."""
        lasted = time.monotonic() - placed.placed_at
        placed.deaths = 1 if lasted > _SOON else placed.deaths + 1
        died = "a worker died before it began"
        if placed.begun is not None:
            died = f"worker {placed.begun.worker_id} died"
        if self._ending.is_set():
            return
        if placed.deaths > _MOST_DEATHS:
            self._has_failed(f"{died}, {placed.deaths} times by now: {_reason(error)}")
            return
        self._say(f"{died}, and is started again")
        self._begin(placed)

    def _send_home(self) -> None:
        """Let all workers give their runs back, and wait for that."""
        self._ending.set()
        self._drop_waiting(len(self._placed))
        if self._placed:
            self._say("workers give their runs back; Ctrl-C once more does not wait for that")
        for placed in self._placed.values():
            if placed.begun is not None:
                self._ask_to_end(placed.begun)
        while self._placed:
            self._hear()

    def _ask_to_end(self, begun: Begun) -> None:
        with suppress(UsageError):  # it has ended by itself
            set_desired_of_worker(self._store, begun.worker_id, "stopped")


def _reason(error: RayTaskError | RayActorError) -> str:
    """Return what an actor ended with, in a line."""
    cause = getattr(error, "cause", None)
    if isinstance(cause, EngineError):
        return str(cause)
    return shown(kind_and_line(error if cause is None else cause))
