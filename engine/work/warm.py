"""A process that has loaded the libraries, and becomes what is to be started: a fork each time.

Torch, transformers and Optuna take seconds to load, and nobody who presses a key should wait for
that. While the app is open it has one such process (``engine.work.preloaded``), which holds neither
a device nor a run. It is asked through a pair of sockets and ends when the other end is gone,
however that came. What it becomes is the process that ``start_module`` starts otherwise: the same
module, words, environment and files, in a session of its own where that is asked for. Light.
"""

import errno
import os
import platform
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import IO, Final, Literal, Protocol

import msgspec
from msgspec import Struct

from engine.tasks.cache import cache_key, load_bytes, save_bytes

CAN_FORK: Final = sys.platform == "linux"
"""Elsewhere what the libraries start in a process does not survive a fork."""
LONGEST: Final = 2**18
"""Bytes of an order."""
READY: Final = b"ready"
_KIND: Final = "machine"
"""Of what is kept in the cache."""
_MOST_SECONDS: Final = 60.0
"""For which a process that loads is waited for: then it is quicker to load oneself."""

Warmth = Literal["cold", "warming", "warm"]


class Order(Struct, frozen=True, kw_only=True):
    """What a fork shall be; its stdin, stdout, stderr and status come along as files."""

    module: str
    shown: tuple[str, ...]
    environment: dict[str, str]
    own_session: bool


class Process(Protocol):
    """What ``start_module`` returns: what there is of ``subprocess.Popen`` in a fork, too."""

    pid: int
    stdin: IO[bytes] | None
    stdout: IO[bytes] | None

    @property
    def returncode(self) -> int | None:
        """How it ended, as ``Popen`` says it; None: not known to have ended."""

    def poll(self) -> int | None:
        """Look whether it has ended."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended."""

    def kill(self) -> None:
        """End it."""

    def terminate(self) -> None:
        """Ask it to end."""

    def __enter__(self) -> "Process": ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


class Forked:
    """A fork, which somebody else's child is: it says itself how it ended.

    Args:
        pid: of the fork.
        stdin: what it reads.
        stdout: what it writes; None: that goes elsewhere.
        status: where it writes its exit code; the other end is closed without, if it was killed.
    """

    def __init__(self, pid: int, stdin: IO[bytes], stdout: IO[bytes] | None, status: int) -> None:
        self.pid = pid
        self.stdin: IO[bytes] | None = stdin
        self.stdout = stdout
        self.returncode: int | None = None
        self._status = os.fdopen(status, "rb")
        self._reading = threading.Lock()

    def poll(self) -> int | None:
        """Look whether it has ended."""
        return self._ended(0.0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended.

        Raises:
            subprocess.TimeoutExpired: it runs on.
        """
        code = self._ended(timeout)
        if code is None:
            assert timeout is not None
            raise subprocess.TimeoutExpired(str(self.pid), timeout)
        return code

    def _ended(self, timeout: float | None) -> int | None:
        """Return how it ended, to any thread; None: it has not for so many seconds."""
        if self.returncode is None:
            with suppress(OSError, ValueError):  # another thread has read it, and closed it
                if not select.select([self._status], [], [], timeout)[0]:
                    return None
            with self._reading:
                if self.returncode is None:
                    with self._status:
                        code = self._status.read(1)
                    self.returncode = code[0] if code else -signal.SIGKILL
        return self.returncode

    def kill(self) -> None:
        """End it."""
        self._send(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self._send(signal.SIGTERM)

    def _send(self, number: signal.Signals) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def __enter__(self) -> "Forked":
        return self

    def __exit__(self, *_: object) -> None:
        for pipe in (self.stdout, self.stdin):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()
        self.wait()


class WarmProcess:
    """The one process that this one has loaded the libraries in, if it has any. For any thread."""

    def __init__(self) -> None:
        self._asking = threading.Lock()
        self._line: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._loaded = threading.Event()
        self._began_at = 0.0
        self._usual: float | None = None

    @property
    def warmth(self) -> Warmth:
        """Whether it is there, and whether it has loaded what it is to load."""
        if self._line is None:
            return "cold"
        return "warm" if self._loaded.is_set() else "warming"

    @property
    def pid(self) -> int | None:
        """Its pid; None: there is none."""
        return None if self._process is None else self._process.pid

    @property
    def seconds(self) -> float:
        """For how long it has been loading."""
        return time.monotonic() - self._began_at

    @property
    def seconds_left(self) -> float:
        """In how long it is warm, if it takes as long as last time; 0: nobody knows."""
        return 0.0 if self._usual is None else max(0.0, self._usual - self.seconds)

    def start(self, environment: Mapping[str, str]) -> bool:
        """Start it, and wait until it is warm; False: it cannot be had.

        Args:
            environment: of the process, as the libraries read it when they are loaded.
        """
        with self._asking:
            if not CAN_FORK or self._line is not None:
                return False
            mine, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with its:
                try:
                    self._process = _begin(its, environment)
                except OSError:
                    mine.close()
                    return False
            self._loaded.clear()
            self._line, self._began_at, self._usual = mine, time.monotonic(), _known_seconds()
        if _received(mine) != READY:
            self.end()
            return False
        self._loaded.set()
        save_bytes(_KIND, _seconds_file(), msgspec.json.encode(self.seconds))
        return True

    def fork(
        self,
        order: Order,
        *,
        stdout: int | IO[bytes] | None,
        stderr: int | IO[bytes] | None,
    ) -> Forked | None:
        """Return a fork that carries out an order; None: there is no warm process to be had.

        One that is still warming is waited for: it is further than what would be started now.
        """
        if self.warmth == "cold" or not self._loaded.wait(_MOST_SECONDS):
            return None
        with self._asking:
            line = self._line
            if line is None:
                return None
            try:
                forked = _ask(line, order, stdout, stderr)
            except OSError as error:
                if error.errno == errno.EMSGSIZE:
                    return None
                forked = None
        if forked is None:  # it is gone
            self.end()
        return forked

    def end(self) -> None:
        """Let it end; what it became goes on."""
        line, self._line = self._line, None
        self._loaded.set()  # nobody waits for it any more
        if line is not None:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)  # whoever waits for an answer hears of it
            line.close()
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()


WARM: Final = WarmProcess()
"""This process's own."""


def _begin(stdin: socket.socket, environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    """Start it.

    Raises:
        OSError: it could not be started.
    """
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "engine.work.preloaded"],
        env=environment,
        stdin=stdin.fileno(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _known_seconds() -> float | None:
    """Return how long it took last time on this machine; None: nobody knows."""
    found = load_bytes(_KIND, _seconds_file())
    try:
        return None if found is None else msgspec.json.decode(found, type=float)
    except msgspec.DecodeError:
        return None


def _seconds_file() -> str:
    return f"{cache_key('warm', platform.node())}.json"


def _ask(
    line: socket.socket,
    order: Order,
    stdout: int | IO[bytes] | None,
    stderr: int | IO[bytes] | None,
) -> Forked | None:
    """Have a fork made, with pipes of its own; what is left open here is this process's end.

    Raises:
        OSError: the other end is gone, or the order is too long.
    """
    nothing = os.open(os.devnull, os.O_RDWR)
    its_in, my_in = os.pipe()
    status, its_status = os.pipe()
    given, kept = [nothing, its_in, its_status], [my_in, status]
    if stdout == subprocess.PIPE:
        my_out, stdout = os.pipe()
        given.append(stdout)
        kept.append(my_out)
    out, err = (_number(file, usual, nothing) for file, usual in ((stdout, 1), (stderr, 2)))
    pid = b""
    try:
        socket.send_fds(line, [msgspec.json.encode(order)], [its_in, out, err, its_status])
        pid = _received(line)
    finally:
        for file in given if pid else (*given, *kept):
            os.close(file)
    if not pid:
        return None
    reads = [os.fdopen(file, "rb") for file in kept[2:]]
    return Forked(int(pid), os.fdopen(my_in, "wb"), next(iter(reads), None), status)


def _number(file: int | IO[bytes] | None, usual: int, nothing: int) -> int:
    """Return a file's number, given the usual one and that of a file that leads nowhere."""
    if file is None:
        return usual
    if file == subprocess.DEVNULL:
        return nothing
    return file if isinstance(file, int) else file.fileno()


def _received(line: socket.socket) -> bytes:
    """Return what comes next; empty: nothing will, for the other end is gone."""
    try:
        return line.recv(LONGEST)
    except OSError:
        return b""
