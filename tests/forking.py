"""Processes as forks of one that has loaded the libraries: real ones, five seconds cheaper each.

A fork has its own pid, session, folder, environment, files and signals, and it ends as any other
process does; only its imports are done before it begins. ``ForkedPopen`` stands for
``subprocess.Popen``: it asks for a fork where a module of Python or our own command is to be
started, and starts everything else as ever. What a fork starts is forked as well.

``python -m tests.forking DOOR`` is who forks. There is one for all that test in one session: the
first who needs it starts it, and it ends, with all its forks, when the last has left.
"""

import atexit
import fcntl
import gc
import importlib
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from inspect import signature
from pathlib import Path
from typing import Final

import msgspec
import pytest
from msgspec import Struct

CAN_FORK: Final = sys.platform == "linux"
PLACE: Final = "TESTS_FORKING"
"""The variable of the environment that says where forks are to be had."""
LOADED: Final = (
    "engine.work.worker",
    "engine.work.answers",
    "transformers.models.bert.modeling_bert",
    "transformers.models.bert.tokenization_bert",
    "bertcl_tui.cli.commands",
)
PYTHON: Final = sys.executable
OUR_COMMAND: Final = str(Path(PYTHON).with_name("bertcl-tui"))
_LONGEST: Final = 2**18
_MODULE: Final = ["-P", "-m"]
"""How a module of ours is started."""
_ENDS: Final = ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite")


class Order(Struct, frozen=True, tag=True):
    """A fork that runs a command with the three files that come along. Answers: pid, status."""

    words: list[str]
    folder: str
    environment: dict[str, str]
    own_session: bool


class Hold(Struct, frozen=True, tag=True):
    """Forks are wanted while this connection lasts. No answer."""


class End(Struct, frozen=True, tag=True):
    """Kill all forks that were started in a folder or name it. The answer: how many there were."""

    folder: str


Request = Order | Hold | End


class ForkedPopen(subprocess.Popen):  # type: ignore[type-arg]
    """``subprocess.Popen`` that forks what can be forked, and starts the rest."""

    _line: socket.socket | None = None

    def _execute_child(self, *args: object) -> None:
        given = signature(super()._execute_child).bind(*args).arguments
        if not _can_be_forked(given["args"]):
            super()._execute_child(*args)
            return
        order = Order(
            words=[os.fsdecode(word) for word in given["args"]],
            folder=str(Path(os.fsdecode(given["cwd"] or ".")).absolute()),
            environment=dict(os.environ if given["env"] is None else given["env"]),
            own_session=given["start_new_session"],
        )
        wanted = enumerate(given[end] for end in ("p2cread", "c2pwrite", "errwrite"))
        files = [usual if file == -1 else file for usual, file in wanted]
        self._line = _ask(os.environ[PLACE], order, files)
        self.pid = int(self._line.recv(_LONGEST))
        self._child_created = True
        self._close_pipe_fds(*(given[end] for end in _ENDS))

    def _try_wait(self, wait_flags: int) -> tuple[int, int]:
        if self._line is None:
            return super()._try_wait(wait_flags)
        self._line.setblocking(not wait_flags & os.WNOHANG)
        try:
            return self.pid, int(self._line.recv(_LONGEST) or signal.SIGKILL)
        except BlockingIOError:
            return 0, 0

    def _internal_poll(self, *args: int, **names: int) -> int | None:
        if self._line is None:
            return super()._internal_poll(*args, **names)
        if not self._waitpid_lock.acquire(blocking=False):
            return None  # somebody waits, maybe this very thread, whom a signal has broken into
        try:
            if self.returncode is None:
                pid, status = self._try_wait(os.WNOHANG)
                if pid == self.pid:
                    self._handle_exitstatus(status)
        finally:
            self._waitpid_lock.release()
        return self.returncode


@contextmanager
def forking(place: str) -> Iterator[None]:
    """Fork what is started meanwhile."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(PLACE, place)
        patch.setattr(subprocess, "Popen", ForkedPopen)
        yield


def end_forks(folder: Path) -> int:
    """Kill all forks that were started in this folder or name it; return how many there were."""
    with _ask(os.environ[PLACE], End(str(folder)), []) as line:
        return int(line.recv(_LONGEST))


@contextmanager
def forks(shared: Path) -> Iterator[str]:
    """Yield the place where forks are to be had, the same for all who share that folder."""
    place = blake2b(bytes(shared), digest_size=16).hexdigest()
    with (shared / "forking.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            line = _ask(place, Hold(), [])
        except ConnectionRefusedError:
            _open_door(place, shared / "forking.log")
            line = _ask(place, Hold(), [])
    with line:
        yield place


def _can_be_forked(args: object) -> bool:
    if not isinstance(args, Iterable) or isinstance(args, (str, bytes)) or PLACE not in os.environ:
        return False
    program, *words = map(os.fsdecode, args)
    return program == OUR_COMMAND or (program == PYTHON and words[:2] == _MODULE)


def _ask(place: str, request: Request, files: list[int]) -> socket.socket:
    line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        line.connect(f"\0{place}")
        socket.send_fds(line, [msgspec.json.encode(request)], files)
    except OSError:
        line.close()
        raise
    return line


def _open_door(place: str, log_file: Path) -> None:
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as door,
        log_file.open("ab") as output,
    ):
        door.bind(f"\0{place}")
        door.listen(64)
        subprocess.Popen(
            [PYTHON, "-m", __name__, str(door.fileno())],
            cwd=Path(__file__).parents[1],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=[door.fileno()],
            start_new_session=True,
        )


class Forking:
    """Forks for whoever asks. It has one thread, so that nothing of it is missing in a fork."""

    def __init__(self, door: socket.socket) -> None:
        self._door = door
        self._ended, self._wake = socket.socketpair()
        self._wake.setblocking(False)
        self._holds: list[socket.socket] = []
        self._forks: dict[int, tuple[Order, socket.socket]] = {}

    def serve(self) -> Order | None:
        """Answer until nobody is left. Return None then, and in each fork what it shall do."""
        signal.set_wakeup_fd(self._wake.fileno())
        signal.signal(signal.SIGCHLD, lambda *_: None)
        while True:
            ready, _, _ = select.select([self._door, self._ended, *self._holds], [], [])
            if self._ended in ready:
                self._ended.recv(_LONGEST)
                self._tell_ends()
            if self._door in ready:
                order = self._answer(self._door.accept()[0])
                if order is not None:
                    return order
            for left in [line for line in self._holds if line in ready]:
                self._holds.remove(left)
                if not self._holds:
                    self._end("")
                    return None

    def _answer(self, line: socket.socket) -> Order | None:
        message, files, *_ = socket.recv_fds(line, _LONGEST, 3)
        request = msgspec.json.decode(message, type=Request)
        if isinstance(request, Hold):
            self._holds.append(line)
        elif isinstance(request, End):
            line.send(b"%d" % self._end(request.folder))
            line.close()
        else:
            pid = os.fork()
            if pid == 0:
                self._let_go(line, files)
                return request
            self._forks[pid] = (request, line)
            line.send(b"%d" % pid)
            for file in files:
                os.close(file)
        return None

    def _let_go(self, line: socket.socket, files: list[int]) -> None:
        """In a fork: have nothing of who forked but what was loaded."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        others = (other for _, other in self._forks.values())
        for mine in (self._door, self._ended, self._wake, line, *self._holds, *others):
            mine.close()
        for standard, file in enumerate(files):
            os.dup2(file, standard)
            os.close(file)
        # What the server's own could do, such as seek, is no longer so.
        sys.stdin = open(0, closefd=False)  # noqa: SIM115 - as Python opens them
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", buffering=1, closefd=False)  # noqa: SIM115

    def _tell_ends(self) -> None:
        for pid in list(self._forks):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                self._tell_end(pid, status)

    def _tell_end(self, pid: int, status: int) -> None:
        _, line = self._forks.pop(pid)
        with line, suppress(OSError):  # who asked need not wait
            line.send(b"%d" % status)

    def _end(self, folder: str) -> int:
        """Kill the forks of a folder; return how many there were."""
        mine = [pid for pid, (order, _) in self._forks.items() if folder in str(order)]
        for pid in mine:
            os.kill(pid, signal.SIGKILL)
        for pid in mine:
            self._tell_end(*os.waitpid(pid, 0))
        return len(mine)


def _run(order: Order) -> None:
    """Be the process that was asked for."""
    if order.own_session:
        os.setsid()
    os.chdir(order.folder)
    os.environ.clear()
    os.environ.update(order.environment)
    subprocess.Popen = ForkedPopen  # type: ignore[misc]
    program, *words = order.words
    if program == OUR_COMMAND:
        sys.argv = order.words
        runpy.run_path(program, run_name="__main__")
    else:
        sys.argv = words[len(_MODULE) :]
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


def main() -> None:
    """Load what forks need, and fork."""
    with socket.socket(fileno=int(sys.argv[1])) as door:
        for module in LOADED:
            importlib.import_module(module)
        importlib.import_module("engine.learning.backbone").compile_names()
        gc.freeze()
        order = Forking(door).serve()
    if order is not None:
        try:
            _run(order)
        except SystemExit as end:
            if isinstance(end.code, int):
                _leave(end.code)
            raise


def _leave(code: int) -> None:
    """End as Python does, but do not take the libraries apart, which were loaded elsewhere."""
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
