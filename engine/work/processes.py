"""Which processes live. A pid alone may be reused, so a process is its pid and its start."""

import os
import socket

import psutil

from engine.store.states import LOST_AFTER
from engine.store.workers import SAME_START, WorkerIdentity


def identity_of(pid: int | None = None) -> WorkerIdentity:
    """Return the identity of a process of this machine, by default this one."""
    process = psutil.Process(pid if pid is not None else os.getpid())
    return WorkerIdentity(
        host=socket.gethostname(), pid=process.pid, process_start=process.create_time()
    )


def is_alive(identity: WorkerIdentity) -> bool:
    """Whether that process still runs; on another machine only its heartbeat can tell."""
    if identity.host != socket.gethostname():
        return True
    try:
        process = psutil.Process(identity.pid)
        same = abs(process.create_time() - identity.process_start) < SAME_START
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def is_lost(identity: WorkerIdentity, *, heartbeat_at: float, has_beaten: bool, now: float) -> bool:
    """Whether nothing is to be expected of a worker.

    One of this machine that has not beaten yet is still loading its libraries, however long.
    """
    if not is_alive(identity):
        return True
    is_starting = not has_beaten and identity.host == socket.gethostname()
    return not is_starting and heartbeat_at < now - LOST_AFTER
