"""Looking at shifts in a process of its own: this one may have to stay light."""

import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import msgspec
from msgspec import Struct

from engine.errors import EngineError, UsageError
from engine.files import check_target
from engine.tasks.shifts.findings import Finding, Method, Progress, Question
from engine.tasks.shifts.kept import Kept

_WRONG = 2
SUFFIXES = (".svg", ".png")


class Picture(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A figure of findings that are kept."""

    question: Question
    method: Method
    path: str
    """Where it goes; its suffix says what it is: SVG or PNG."""


class Look:
    """The findings of one question, as they are found; those that are kept cost no time.

    Raises:
        UsageError: there is no such task or model.
    """

    def __init__(self, question: Question) -> None:
        self._kept = Kept(question)
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()
        self._ended = False

    def kept(self) -> Iterator[Finding]:
        """Yield what is there already."""
        return self._kept.read()

    def is_whole(self) -> bool:
        """Tell whether all of it is there already."""
        return self._kept.is_whole()

    def findings(self) -> Iterator[Finding | Progress]:
        """Yield everything, and in between how far it is; nothing more once it was ended.

        Raises:
            UsageError: rows or model are not to be had.
            EngineError: looking itself broke.
        """
        if self._kept.is_whole():
            yield from self._kept.read()
            return
        with tempfile.TemporaryFile("w+") as said:
            process = self._start(said)
            if process is None:
                return
            with process:
                for line in process.stdout or ():
                    yield msgspec.json.decode(line, type=Finding | Progress)
            said.seek(0)
            if not self._ended:
                _raise_if_failed(process.returncode, said.read(), "looking at the shifts broke")

    def end(self) -> None:
        """Stop looking; any thread may ask for it."""
        with self._lock:
            self._ended = True
            if self._process is not None:
                self._process.terminate()

    def _start(self, said: IO[str]) -> "subprocess.Popen[str] | None":
        question = msgspec.json.encode(self._kept.question).decode()
        with self._lock:
            if not self._ended:
                self._process = subprocess.Popen(  # noqa: S603 - our own module
                    [sys.executable, "-m", "engine.work.find_shifts", question],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=said,
                    text=True,
                )
            return self._process


def draw_picture(picture: Picture) -> Path:
    """Write a figure of what was found before, and return where it is.

    Raises:
        UsageError: it cannot be written there, or nothing was found yet.
        EngineError: drawing itself broke.
    """
    path = picture_path(picture.path)
    command = [
        sys.executable,
        "-m",
        "engine.work.draw_shifts",
        msgspec.json.encode(msgspec.structs.replace(picture, path=str(path))).decode(),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own module
    _raise_if_failed(done.returncode, done.stderr, "drawing the picture broke")
    return path


def picture_path(text: str) -> Path:
    """Return where a picture goes.

    Raises:
        UsageError: it is neither SVG nor PNG, a folder, or in none.
    """
    path = Path(text).expanduser().resolve()
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"picture '{text}' must end in {' or '.join(SUFFIXES)}")
    check_target(path)
    return path


def _raise_if_failed(code: int, said: str, what: str) -> None:
    if code == 0:
        return
    lines = said.strip().splitlines() or ["it ended without a word"]
    if code == _WRONG:
        raise UsageError(lines[-1])
    raise EngineError(f"{what}: {lines[-1]}")
