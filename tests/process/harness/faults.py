"""What can happen to workers and their store from outside, and the choice of what happens next."""

import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import psutil

from tests.process.harness.strikes import Strike

Kind = Literal["strike", "kill", "pause", "starve", "fill", "remove", "clock"]

CHOSEN: Final = (
    "UPDATE cl_study SET proposer",
    "INSERT INTO trials",
    "INSERT INTO trial_params",
    "INSERT INTO cl_run",
    "UPDATE cl_run SET state",
    "UPDATE cl_run SET learning_rates",
    "INSERT INTO cl_stage",
    "INSERT INTO cl_measurement",
    "INSERT INTO cl_drift",
    "INSERT INTO trial_intermediate_values",
    "UPDATE trials SET state",
    "INSERT INTO cl_log",
    "INSERT INTO cl_worker",
    "UPDATE cl_worker SET heartbeat_at",
)
"""Statements at which it hurts, from the proposer's seat to the heartbeat."""
OF_ALL: Final = ("fill", "remove", "clock")
"""What happens to the store, and so to all workers."""
CLOCK: Final = "clock"
"""File beside the store that says how far the workers' clock is from the true one."""
_FAKETIME: Final = (
    "/usr/lib/*/faketime/libfaketime.so.1",
    "/usr/local/lib/faketime/libfaketime.so.1",
    "/opt/homebrew/lib/faketime/libfaketime.1.dylib",
)
GIVEN_UP: Final = 6.0
"""Seconds after which a strike is given up: the worker does not come there."""
_ROOM: Final = 24 * 2**20
"""Bytes of the disk that is filled."""
_DISK: Final = "bertcl-faults-"
"""How the name of such a disk begins; the process follows that mounted it."""


@dataclass(frozen=True)
class Fault:
    """Something that happens to one worker, or to the store of all."""

    kind: Kind
    strike: Strike | None = None
    """Where the worker strikes itself down; None: it happens from outside."""
    after: float = 0.0
    """Seconds from the worker's start at which it happens from outside, or a strike is given up."""
    seconds: float = 0.0
    """How long it lasts."""

    def __str__(self) -> str:
        if self.strike is not None:
            lasts = f" for {self.seconds:g} s" if self.strike.stops else ""
            return f"{self.strike}{lasts}"
        lasts = f" for {self.seconds:g} s" if self.seconds else ""
        return f"{self.kind} after {self.after:.2f} s{lasts}"


def endless_faults(seed: int, kinds: tuple[Kind, ...], *, long_stop: float) -> Iterator[Fault]:
    """Draw faults: half of them kills at chosen points, the rest from all kinds.

    Args:
        seed: of the draw.
        kinds: to draw from.
        long_stop: seconds of a stop after which a worker has lost its run.
    """
    draw = random.Random(seed)
    others = [kind for kind in kinds if kind != "strike"]
    while True:
        if draw.random() < 0.5 or not others:
            yield Fault("strike", strike=_some_strike(draw), after=GIVEN_UP)
            continue
        kind, after = draw.choice(others), draw.uniform(0.1, 3.0)
        seconds = {"pause": 1.0, "starve": 2.0, "fill": 2.0, "remove": 1.0, "clock": 3.0}.get(
            kind, 0
        )
        if kind == "pause" and draw.random() < 0.2:
            seconds = long_stop
        if kind == "pause" and draw.random() < 0.5:
            strike = _some_strike(draw, stops=True)
            yield Fault("pause", strike=strike, after=GIVEN_UP, seconds=seconds)
        else:
            yield Fault(kind, after=after, seconds=seconds)


def _some_strike(draw: random.Random, *, stops: bool = False) -> Strike:
    if draw.random() < 0.25:
        return Strike("rename", "checkpoint", draw.randint(1, 8), stops=stops)
    moment = draw.choice(("before", "commit", "after"))
    what = draw.choice((*CHOSEN, ""))
    return Strike(moment, what, draw.randint(1, 3 if what else 40), stops=stops)


def why_not(kind: Kind) -> str | None:
    """Return why this machine cannot have that fault; None: it can."""
    if kind == "clock" and faketime() is None:
        return "libfaketime is not installed"
    if kind == "fill" and not _may_mount():
        return "a disk of its own can be mounted by root alone"
    return None


def faketime() -> str | None:
    """Return the library that fakes a process's clock, where it is installed."""
    named = os.environ.get("FAKETIME_LIB")
    if named:
        return named
    found = (path for pattern in _FAKETIME for path in Path("/").glob(pattern.lstrip("/")))
    return next(map(str, found), None)


def _may_mount() -> bool:
    return os.geteuid() == 0 and shutil.which("mount") is not None and Path("/proc/mounts").exists()


@contextmanager
def own_disk(folder: Path, *, wanted: bool) -> Iterator[Path]:
    """Yield a folder on a small disk of its own, where one can be had.

    The disks of harnesses that were killed are taken away first: each is named after its process.
    """
    folder.mkdir(parents=True, exist_ok=True)
    mounted = wanted and _may_mount() and _mount(folder)
    try:
        yield folder
    finally:
        if mounted:
            _unmount(str(folder))


def _mount(folder: Path) -> bool:
    for mount in psutil.disk_partitions(all=True):
        owner = mount.device.removeprefix(_DISK)
        if owner != mount.device and not psutil.pid_exists(int(owner)):
            _unmount(mount.mountpoint)
    name = f"{_DISK}{os.getpid()}"
    words = ["mount", "-t", "tmpfs", "-o", f"size={_ROOM}", name, str(folder)]
    return subprocess.run(words, check=False, stderr=subprocess.DEVNULL).returncode == 0


def _unmount(place: str) -> None:
    subprocess.run(["umount", "-l", place], check=False)


def begin(fault: Fault, pid: int, store: Path) -> Callable[[], None]:
    """Let it happen; return what ends it."""
    match fault.kind:
        case "strike" | "kill":
            _signal(pid, signal.SIGKILL)
            return lambda: None
        case "pause":
            if fault.strike is None:
                _signal(pid, signal.SIGSTOP)
            return lambda: _signal(pid, signal.SIGCONT)
        case "starve":
            return _starve(pid)
        case "fill":
            return _fill(store.parent)
        case "remove":
            return _remove(store)
        case "clock":
            return _step_clock(store.parent)


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _starve(pid: int) -> Callable[[], None]:
    """Let the process run a tenth of the time."""
    keeper = subprocess.Popen(
        [
            "sh",
            "-c",
            f"while kill -STOP {pid}; do sleep 0.09; kill -CONT {pid} || exit; sleep 0.01; done",
        ],
        stderr=subprocess.DEVNULL,
    )

    def feed() -> None:
        keeper.kill()
        keeper.wait()
        _signal(pid, signal.SIGCONT)

    return feed


def _fill(folder: Path) -> Callable[[], None]:
    ballast = folder / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(b"\0" * 4096)
    return lambda: ballast.unlink(missing_ok=True)


def _remove(store: Path) -> Callable[[], None]:
    """Take the store away, as a share that is not there for a while.

    Its files go one by one. The database goes first and comes last: who opened it without the log
    beside it would begin another log, and all that is written there is lost when the old one comes.
    """
    away = store.parent / "away"
    away.mkdir(exist_ok=True)
    taken = sorted(path for path in store.parent.glob(f"{store.name}*") if path.is_file())
    for path in taken:
        path.rename(away / path.name)

    def put_back() -> None:
        for path in store.parent.glob(f"{store.name}*"):
            if path.is_file():
                path.unlink()
        for path in reversed(taken):
            (away / path.name).rename(path)
        away.rmdir()

    return put_back


def _step_clock(folder: Path) -> Callable[[], None]:
    """Put the workers' clock an hour on or back, for good."""
    stamp = folder / CLOCK
    stepped = "+1h" if time.monotonic_ns() % 2 else "-1h"
    stamp.write_text(stepped + "\n", encoding="utf-8")
    return lambda: None
