"""``python -m engine.work.preloaded``: loads the libraries, and forks for whoever started it.

It has one thread when it forks, uses no device, and reads orders (``engine.work.warm``) from the
socket that is its stdin until the other end is gone. Its forks outlive it.
"""

import atexit
import gc
import importlib
import os
import select
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, NoReturn

import msgspec

from engine.work.processes import empty_stdin
from engine.work.warm import LONGEST, READY, Order

_LOADED: Final = (
    "torch",
    "transformers",
    "optuna",
    "engine.work.worker",
    "engine.work.answers",
    "transformers.models.bert.modeling_bert",
    "transformers.models.bert.tokenization_bert",
)
"""What takes long, one after the other: between two it is seen whether anybody still waits."""
_NICE: Final = 10
"""How much whoever loads gives way to all others."""
_MAINS: Final = {"engine.work": "engine.work.__main__"}
"""Where the ``main`` of a package is."""


def main() -> NoReturn:
    """Load, say so, and fork; in a fork, be what was ordered."""
    with socket.socket(fileno=os.dup(0)) as line:
        empty_stdin()
        loading = threading.Thread(target=_load, args=(line,))
        loading.start()
        loading.join()
        if _is_left(line) or not _may_fork():
            os._exit(1)
        gc.freeze()
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # forks that end leave nothing behind
        line.send(READY)
        found = _serve(line)
    if found is None:
        os._exit(0)  # nothing of all this is worth taking apart
    _become(*found)


def _load(line: socket.socket) -> None:
    """Load the libraries, as a thread that gives way: its nice value ends with it."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
    for module in _LOADED:
        if _is_left(line):
            return
        importlib.import_module(module)
    from engine.learning.backbone import compile_names

    compile_names()


def _is_left(line: socket.socket) -> bool:
    """Whether the other end is gone."""
    return bool(select.select([line], [], [], 0)[0]) and not line.recv(1, socket.MSG_PEEK)


def _may_fork() -> bool:
    """Whether a fork can use CUDA: not if something that was loaded has begun to."""
    import torch

    pid = os.fork()
    if pid == 0:
        os._exit(int(torch.cuda._is_in_bad_fork()))  # noqa: SLF001 - nothing else tells
    return os.waitpid(pid, 0)[1] == 0


def _serve(line: socket.socket) -> tuple[Order, Sequence[int]] | None:
    """Fork for each order. Return None when nobody is left, and in a fork what it shall be."""
    while True:
        message, files, *_ = socket.recv_fds(line, LONGEST, 4)
        if not message:
            return None
        pid = os.fork()
        if pid == 0:
            return msgspec.json.decode(message, type=Order), files
        for file in files:
            os.close(file)
        with suppress(OSError):  # seen when it is listened to again
            line.send(b"%d" % pid)


def _become(order: Order, files: Sequence[int]) -> NoReturn:
    """Be the process that was ordered, to its end."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if order.own_session:
        os.setsid()
    os.environ.clear()
    os.environ.update(order.environment)
    *standard, status = files
    os.set_inheritable(status, False)  # noqa: FBT003 - as it is declared
    for number, file in enumerate(standard):
        os.dup2(file, number)
        os.close(file)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 - as Python opens them
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, closefd=False)  # noqa: SIM115
    sys.argv = [order.module, *order.shown]
    code = 1
    try:
        code = importlib.import_module(_MAINS.get(order.module, order.module)).main()
    except BaseException:  # as Python ends where nothing has caught it
        traceback.print_exc()
    finally:
        _leave(code, status)


def _leave(code: int, status: int) -> NoReturn:
    """End as Python does, but do not take the libraries apart, which takes a second."""
    threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001 - as multiprocessing does
    atexit._run_exitfuncs()  # noqa: SLF001
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    with suppress(BrokenPipeError):  # whoever ordered it is gone, or does not ask how it ends
        os.write(status, bytes([code & 0xFF]))
    os._exit(code & 0xFF)


if __name__ == "__main__":
    main()
