"""Starting workers and telling the living from the dead. Light: the screen uses it."""

import logging
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from types import FrameType
from typing import IO, Annotated, Final

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from engine.errors import EngineError, mask_password
from engine.places.named import CHECKPOINTS, check_places
from engine.store.connection import Store, open_store
from engine.store.searches import models_asked_for
from engine.store.states import IDLE_SECONDS, LOST_AFTER, Desired
from engine.store.workers import (
    WorkerIdentity,
    WorkerRecord,
    end_worker,
    living_workers,
    register_worker,
    set_desired_of_worker,
    write_log,
)
from engine.tasks.models import weights_size
from engine.work.ask import measure_sharing
from engine.work.machine import (
    Sharing,
    available_memory,
    can_be_measured,
    choose_sharing,
    core_count,
    gpu_count,
    keep_rates,
    known_rates,
)
from engine.work.processes import hand_over, identity_of, is_alive, is_here, start_module
from engine.work.warm import Process

_COPIES_OF_WEIGHTS: Final = 6
"""As they began and as they are, their gradients and two moments; as much for what is computed."""
_OF_A_WORKER: Final = 2**30
"""What its libraries and tasks take."""
_NICE: Final = 5
"""How much workers give way to the terminal they were started in."""
_ENDING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_log = logging.getLogger(__name__)


class WorkerSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a worker reads, as JSON, from its stdin."""

    store: str
    device: str = "auto"
    threads: int = 1
    or_another: bool = False
    """Whether it takes what is there where that device is not: nobody asked for it by name."""
    until_idle: bool = False
    idle_seconds: float = IDLE_SECONDS
    """How long it stays warm with nothing to do."""
    stack: Annotated[int, Meta(ge=1)] = 1
    """How many trials of a study it learns together, in one process."""
    checkpoint_seconds: float = 30.0
    """Least time between two checkpoints of a run; 0 writes one after every step."""
    checkpoints: str = ""
    """URL of the place where they lie; empty: where they usually do."""
    niceness: int | None = None
    """Its nice value, at least; None: that of whoever starts it."""
    log_file: str | None = None
    """Where what it writes goes already, so that it can see to it that this stays small."""


class Slot(Struct, frozen=True):
    """What one worker has of this machine."""

    device: str
    threads: int

    def settings(self, store: str, *, asked: str, stack: int = 1) -> WorkerSettings:
        """Return those of a worker for a store in this slot; ``asked`` is the device as typed."""
        return WorkerSettings(
            store=store,
            device=self.device,
            threads=self.threads,
            or_another=asked != self.device,
            stack=stack,
            checkpoints=CHECKPOINTS.url,
        )


def ensure_workers(
    store_url: str, *, slots: int | None = None, device: str = "auto", stack: int = 1
) -> int:
    """Start the workers that are missing on this machine, and return how many were started.

    They are detached: closing the terminal does not end them. They end by themselves when there
    has been nothing to do for a while.

    Where nobody says how many, and this machine has neither GPUs nor workers yet, it is measured
    once how many workers and threads learn fastest.

    Args:
        store_url: the store they work for.
        slots: how many there shall be, 0 where others do it; None: what ``default_sharing`` says.
        device: where they learn; ``auto`` shares the GPUs out among them.
        stack: how many trials of a study those learn together that are started now.

    Raises:
        UsageError: a place that was named for checkpoints or caches cannot be written.
        EngineError: a worker could not be started.
    """
    with closing(open_store(store_url, create=False)) as store:
        held = [name for name in _held_here(store) if serves(name, device)]
        if slots is None:
            slots = _share(store, len(held)).workers
        free = free_slots(slots, device, held)
        if free:
            check_places()
        for slot in free:
            start_worker(store, slot.settings(store.url, asked=device, stack=stack))
        return len(free)


def _share(store: Store, held: int) -> Sharing:
    """Share this machine as is best for what the store asks for, and say so where workers begin."""
    if not held:
        _measure_once()
    sharing = default_sharing(room_for_workers(store, held))
    if not held:
        write_log(store, "info", str(sharing))
    return sharing


def free_slots(slots: int | None, device: str, held: Sequence[str] = ()) -> list[Slot]:
    """Share this machine out among workers, and return the slots that nobody has yet.

    Args:
        slots: how many there are in all; None: what ``default_sharing`` says.
        device: where they learn; ``auto`` gives each the GPU with the fewest workers, if there is
            any.
        held: the devices of the workers that have a slot, one name for each.
    """
    count = default_sharing().workers if slots is None else slots
    workers = Counter(held)
    free = []
    for _ in range(count - len(held)):
        chosen = _least_held(workers) if device == "auto" else device
        workers[chosen] += 1
        free.append(Slot(chosen, max(1, core_count() // count)))
    return free


def serves(device: str, asked: str) -> bool:
    """Whether a worker on a device has a slot of those that are asked for on another."""
    return asked in {"auto", device} or device == "auto" or device.startswith(f"{asked}:")


def default_sharing(room: int | None = None) -> Sharing:
    """Return how this machine is shared where nobody says it: a worker for each GPU, if it has any.

    Args:
        room: for how many workers there is memory; None: not known.
    """
    gpus = gpu_count()
    return Sharing(gpus, "one for each GPU") if gpus else choose_sharing(known_rates() or {}, room)


def expected_workers(store: Store | None) -> int:
    """Return how many workers of this machine learn for a store where nobody says how many.

    Those that live, else those that would be started.
    """
    here = identity_of().host
    living = living_workers(store) if store is not None else ()
    at_work = sum(item.identity.host == here and is_alive(item.identity) for item in living)
    return at_work or default_sharing().workers


def room_for_workers(store: Store, held: int) -> int | None:
    """Return how many workers memory has room for, those included that it holds already.

    None where nothing on this machine says how large the models are that the store asks for.
    """
    return room_for(models_asked_for(store), held)


def room_for(models: Iterable[str], held: int) -> int | None:
    """Return how many workers at these models memory has room for, as ``room_for_workers`` does."""
    largest = max(map(weights_size, models), default=0)
    if not largest:
        return None
    return held + available_memory() // (_COPIES_OF_WEIGHTS * largest + _OF_A_WORKER)


def _measure_once() -> None:
    if known_rates() is not None or not can_be_measured():
        return
    try:
        keep_rates(measure_sharing())
    except EngineError as error:
        _log.warning("%s", error)


def start_worker(store: Store, settings: WorkerSettings) -> int:
    """Start one detached worker process and return its pid.

    Raises:
        EngineError: the process could not be started.
    """
    try:
        store.folder.mkdir(parents=True, exist_ok=True)
        log_file = (
            store.folder / f"worker-{time.strftime('%Y%m%d-%H%M%S')}-{time.time_ns() % 10**6}.log"
        )
        with log_file.open("ab") as output:
            process = _begin_process(settings, output)
    except OSError as error:
        raise EngineError(
            f"no worker could be started ({error}); free some room and resume"
        ) from error
    identity = identity_of(process.pid)  # it is there until it has read its settings
    gives_way = os.nice(0) + _NICE
    told = replace(settings, log_file=str(log_file), niceness=gives_way)
    hand_over(process, msgspec.json.encode(told))
    register_worker(
        store,
        identity,
        device=settings.device,
        threads=settings.threads,
        log_file=str(log_file),
    )
    return process.pid


def start_process(settings: WorkerSettings, output: IO[bytes] | None = None) -> Process:
    """Start a worker process in a session of its own: the end of the terminal does not reach it.

    Args:
        settings: with the store's password, which a list of processes does not show.
        output: where it writes what it says; None: where this process does.

    Raises:
        OSError: it could not be started.
    """
    process = _begin_process(settings, output)
    hand_over(process, msgspec.json.encode(settings))
    return process


def _begin_process(settings: WorkerSettings, output: IO[bytes] | None) -> Process:
    """Start a worker process that waits for its settings."""
    shown = replace(
        settings,
        store=mask_password(settings.store),
        checkpoints=mask_password(settings.checkpoints),
    )
    return start_module(
        "engine.work",
        shown=[msgspec.json.encode(shown).decode()],
        stdout=output,
        stderr=output,
        own_session=True,
    )


@contextmanager
def passing_on_signals(processes: Sequence[Process]) -> Iterator[set[int]]:
    """Ask the processes to end when this one is asked to; yield the signals they were sent."""
    sent: set[int] = set()

    def pass_on() -> None:
        sent.add(signal.SIGTERM)
        for process in processes:
            process.terminate()

    with when_asked_to_end(pass_on):
        yield sent


@contextmanager
def when_asked_to_end(do: Callable[[], None]) -> Iterator[None]:
    """Do this instead of ending, each time a signal asks this process to end."""

    def called(_: int, __: FrameType | None) -> None:
        do()

    before = {number: signal.signal(number, called) for number in _ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def add_worker(store_url: str, *, device: str, threads: int, stack: int = 1) -> int:
    """Start one more worker, however many there are, and return its pid.

    Raises:
        EngineError: it could not be started.
    """
    with closing(open_store(store_url, create=False)) as store:
        held = Counter(_held_here(store))
        slot = Slot(_least_held(held) if device == "auto" else device, threads)
        return start_worker(store, slot.settings(store.url, asked=device, stack=stack))


def control_worker(store: Store, worker_id: int, desired: Desired) -> None:
    """Set what a worker shall do: work, rest or end. One that is lost is ended at once.

    Raises:
        UsageError: it has ended.
    """
    set_desired_of_worker(store, worker_id, desired)
    if desired != "stopped":
        return
    for item in living_workers(store):
        if item.id == worker_id and is_lost(
            item.identity,
            silent=item.silent,
            has_heartbeat=item.has_heartbeat,
        ):
            end_dead_worker(store, item)


def is_lost(identity: WorkerIdentity, *, silent: float, has_heartbeat: bool) -> bool:
    """Whether nothing is to be expected of a worker.

    One of this machine without a first heartbeat is still loading its libraries, however long.

    Args:
        identity: the worker's.
        silent: seconds since its last heartbeat, by the store's clock.
        has_heartbeat: whether it has sent one since it was started.
    """
    if not is_alive(identity):
        return True
    is_starting = not has_heartbeat and is_here(identity)
    return not is_starting and abs(silent) > LOST_AFTER


def end_orphaned_workers(store: Store) -> Sequence[WorkerRecord]:
    """Remember, and say, which workers of this machine were killed; return those."""
    dead = [item for item in living_workers(store) if not is_alive(item.identity)]
    for item in dead:
        end_dead_worker(store, item)
    return dead


def end_dead_worker(store: Store, dead: WorkerRecord) -> None:
    """Remember that a worker is dead, and say it once."""
    if end_worker(store, dead.id):
        text = f"worker {dead.identity.pid} on {dead.device} died"
        write_log(store, "warning", text, worker_id=dead.id, run_id=dead.run_id)


def _held_here(store: Store) -> list[str]:
    """Return the devices of this machine's living workers, one name for each."""
    host = identity_of().host
    end_orphaned_workers(store)
    return [item.device for item in living_workers(store) if item.identity.host == host]


def _least_held(held: Counter[str]) -> str:
    """Return the GPU with the fewest workers, ``auto`` where there is none."""
    gpus = [f"cuda:{index}" for index in range(gpu_count())]
    return min(gpus, key=lambda name: held[name], default="auto")
