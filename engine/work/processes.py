"""Processes of our own: how they are started, and whether one still runs. Light: no torch."""

import logging
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

import psutil

from engine.store.workers import WorkerIdentity, is_same_process
from engine.work.warm import WARM, Order, Process

_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")
_PID_SPACE: Final = Path("/proc/self/ns/pid")
_PATIENT_THREADS: Final = {"GOMP_SPINCOUNT": "10000"}
"""Threads of a product that wait for each other sleep after some microseconds: where more of them
run than there are cores, spinning keeps the core from the thread that is waited for."""
_START_FIELD: Final = 19
"""Of ``/proc/PID/stat`` behind the process's name: when it started, in ticks since the boot."""


def start_module(
    module: str,
    *,
    shown: Sequence[str] = (),
    stdout: int | IO[bytes] | None = None,
    stderr: int | IO[bytes] | None = None,
    own_session: bool = False,
) -> Process:
    """Start ``python -m MODULE``, which waits for what ``hand_over`` gives it.

    Where this process has a warm one, that becomes it. Files in the current folder that are called
    like a module are not in its way (``-P``).

    Args:
        module: one of ours.
        shown: words for people who look at a list of processes.
        stdout: where its output goes.
        stderr: where its complaints go.
        own_session: whether it lives on when the terminal closes, and Ctrl-C does not reach it.

    Raises:
        OSError: it could not be started.
    """
    environment = _environment()
    order = Order(
        module=module, shown=tuple(shown), environment=environment, own_session=own_session
    )
    forked = WARM.fork(order, stdout=stdout, stderr=stderr)
    if forked is not None:
        return forked
    return subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-P", "-m", module, *shown],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=stdout,
        stderr=stderr,
        start_new_session=own_session,
    )


def warm_up() -> bool:
    """Have a warm process from now on, and wait until it is; False: there is none to be had."""
    return WARM.start(_environment())


def _environment() -> dict[str, str]:
    return {**_PATIENT_THREADS, **os.environ}


def hand_over(process: Process, message: bytes) -> None:
    """Give a process its message, of any length and with all that is secret; it hears no more."""
    assert process.stdin is not None
    with suppress(BrokenPipeError), process.stdin:  # it ended first, and its exit code says why
        process.stdin.write(message)


def read_message() -> bytes:
    """Return what this process was handed over; its stdin is empty then, for all that it loads."""
    text = sys.stdin.buffer.read()
    empty_stdin()
    return text


def empty_stdin() -> None:
    """Let this process have nothing more to read there."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)


def give_way(niceness: int) -> None:
    """Let this process, and all that it starts, have what others leave of the cores."""
    here = os.getpriority(os.PRIO_PROCESS, 0)
    os.setpriority(os.PRIO_PROCESS, 0, max(here, niceness))


def log_to(handler: logging.Handler) -> None:
    """Let a worker say what it does, and libraries what they have to say."""
    form = "%(asctime)s %(levelname)s %(name)s: %(message)s"
    logging.basicConfig(level=logging.INFO, format=form, handlers=[handler])


def be_patient() -> None:
    """Let this process have what ``start_module`` gives to those it starts; torch reads it once."""
    for name, value in _PATIENT_THREADS.items():
        os.environ.setdefault(name, value)


def identity_of(pid: int | None = None) -> WorkerIdentity:
    """Return the identity of a process of this machine, by default this one."""
    process = psutil.Process(pid if pid is not None else os.getpid())
    return WorkerIdentity(
        host=socket.gethostname(),
        pid=process.pid,
        process_start=process.create_time(),
        process=_lasting_name(process.pid),
    )


def is_here(identity: WorkerIdentity) -> bool:
    """Whether this machine can tell if that process runs; else only its heartbeat can."""
    mine = _machine()
    if identity.process and mine:
        return identity.process.startswith(mine)
    return identity.host == socket.gethostname()


def is_alive(identity: WorkerIdentity) -> bool:
    """Whether that process still runs; on another machine only its heartbeat can tell."""
    if not is_here(identity):
        return True
    try:
        same = is_same_process(identity, identity_of(identity.pid))
        return same and psutil.Process(identity.pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _lasting_name(pid: int) -> str:
    """Return what names a process for good, however the clock is set; empty: the system has none.

    On Linux ``BOOT PIDS START``: the boot of the machine, the space its pid is counted in (a
    container has its own), and its start in ticks since the boot.
    """
    machine = _machine()
    if not machine:
        return ""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        raise psutil.NoSuchProcess(pid) from None
    except OSError:
        return ""
    return machine + stat.rpartition(")")[2].split()[_START_FIELD]


def _machine() -> str:
    try:
        return f"{_BOOT.read_text(encoding='ascii').strip()} {_PID_SPACE.readlink()} "
    except OSError:
        return ""
