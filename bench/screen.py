"""How quick the terminal app is: python -m bench.screen [ROUNDS [TITLE ...]]

The installed command is started as a person types it, in a pseudo-terminal, and its bytes are read.
Every case is a process of its own; the cases take turns in every round, so that what else the
machine does falls on all of them, and a bare Textual app in the same kind of terminal stands beside
ours. With TITLEs, only the cases whose title contains one of them take part.

"ends" is when a
command has ended, "frame" when the first frame stands on the terminal (the key bar is its last
line), "ready" when the first row of the store does; all from just before the process is started.
"lag" is how late the event loop comes back from a sleep of 10 ms while two processes calculate, the
store is written to at 4 Hz and the cursor moves at 1 Hz; an event loop with nothing to do stands
beside it. Budgets: --version and --help 250 ms; frame 1.3 times that of bare Textual; ready 600 ms
(empty and 10,000 trials), 1 s (100,000 trials, 5 million measurements); lag p99 40 ms; 150 MB.
"""

import asyncio
import json
import os
import pty
import random
import re
import select
import subprocess
import sys
import sysconfig
import tempfile
import termios
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import cache
from itertools import chain
from pathlib import Path

import psutil
from sqlalchemy import insert

from bench.figures import Figure, over_rounds, table
from engine.spec import SearchSettings, StudySpec
from engine.store.connection import open_store
from engine.store.schema import measurement, run, stage
from engine.store.studies import create_study
from engine.store.workers import write_log

ROUNDS = 3
STUDIES = 10
STEPS = 1000
CHUNK = 1000
SIZE = (160, 50)
LAG_SECONDS = 10.0
QUICK = ("python -c pass", "--version")
"""Cases that take no time."""
_UNCOMPILED = "PYTHONDONTWRITEBYTECODE"
"""Taken out of the environment: an installed program starts from compiled modules."""
LATEST = 30.0
"""Seconds after which a case has failed."""
COMMAND = str(Path(sysconfig.get_path("scripts")) / "bertcl-tui")
FRAME, FIRST_ROW, NO_ROW = b"quit", b"sst2:mrpc-0", b"No study yet"
_HERE = (sys.executable, "-m", "bench.screen")
_STYLE = re.compile(rb"\x1b\[[0-9;:]*m")
_BURN = "while True: sum(range(1000))"
_BARE = """
from textual.app import App
from textual.widgets import Footer, Header, Static

class Bare(App):
    def compose(self):
        yield Header()
        yield Static("hello")
        yield Footer()

Bare().run()
"""

Times = dict[str, float]


# the stores


def make_store(path: Path, *, trials: int, measurements: int, studies: int = STUDIES) -> Path:
    """Write a store with so many trials in some studies, and so many measurements of each."""
    draw = random.Random(trials)
    store = open_store(str(path))
    search = SearchSettings(trials=trials // studies)
    for index in range(studies):
        name, sequence = f"sst2:mrpc-{index}", ("sst2", "mrpc")
        spec = StudySpec(name=name, sequence=sequence, data="hub", model="m", search=search)
        create_study(store, spec)
    for first in range(0, trials, CHUNK):
        numbers = range(first, min(trials, first + CHUNK))
        with store.writing() as connection:
            connection.execute(insert(run), [_trial(number, draw, studies) for number in numbers])
            connection.execute(insert(stage), list(chain.from_iterable(map(_stages, numbers))))
            rows = (_measurements(number, measurements) for number in numbers)
            connection.execute(insert(measurement), list(chain.from_iterable(rows)))
    store.close()
    return path


def _trial(number: int, draw: random.Random, studies: int) -> dict[str, object]:
    p_o, p_s = draw.uniform(0.5, 0.9), draw.uniform(0.5, 0.9)
    state = "pruned" if number % 5 == 0 else "complete"
    scores = {"p": p_o + p_s, "p_o": p_o, "p_s": p_s} if state == "complete" else {}
    return {
        "id": number + 1,
        "study_id": 1 + number % studies,
        "number": number // studies,
        "sequence": "sst2:mrpc",
        "method": "profile",
        "seed": number,
        "spec": '{"protocol": {}}',
        "learning_rates": json.dumps([10 ** draw.uniform(-7, -3) for _ in range(10)]),
        "state": state,
        "desired": "running",
        "attempts": 0,
        "step": STEPS,
        "steps": STEPS,
        "created_at": float(number),
        "finished_at": float(number),
        "busy_seconds": draw.uniform(40, 80),
        "p": None,
        "p_o": None,
        "p_s": None,
        **scores,
    }


def _stages(number: int) -> list[dict[str, object]]:
    half = STEPS // 2
    return [
        {
            "run_id": number + 1,
            "stage": index,
            "task": task,
            "first_step": half * index,
            "last_step": half * (index + 1),
        }
        for index, task in enumerate(("sst2", "mrpc"))
    ]


def _measurements(number: int, count: int) -> list[dict[str, object]]:
    half = STEPS // 2
    return [
        {
            "run_id": number + 1,
            "step": half + half * index // count,
            "task": 0,
            "split": "retention",
            "stage": 1,
            "accuracy": 0.8,
            "loss": 0.5,
        }
        for index in range(count)
    ]


# commands as they are typed


def ended(command: Sequence[str], folder: Path) -> Times:
    """Return the seconds until a command that prints something has ended."""
    began = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, env=_environment(folder), check=True)
    return {"ends": time.perf_counter() - began}


def painted(command: Sequence[str], folder: Path, **texts: bytes) -> Times:
    """Start an app in a pseudo-terminal and return the seconds until each text stands on it.

    Args:
        command: what is typed.
        folder: the current folder, and where settings are looked for.
        texts: what to wait for, by what it means.
    """
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (SIZE[1], SIZE[0]))
    began = time.perf_counter()
    process = subprocess.Popen(
        command,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=folder,
        env=_environment(folder),
        start_new_session=True,
    )
    os.close(theirs)
    try:
        times = _read_until(ours, began, texts)
        return {**times, "MB": psutil.Process(process.pid).memory_info().rss / 1e6}
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def _read_until(terminal: int, began: float, texts: dict[str, bytes]) -> Times:
    written, times = b"", Times()
    while len(times) < len(texts):
        if not select.select([terminal], [], [], LATEST)[0]:
            raise TimeoutError(written)
        written += os.read(terminal, 1 << 16)
        now, plain = time.perf_counter(), _STYLE.sub(b"", written)
        times |= {
            name: now - began for name, text in texts.items() if name not in times and text in plain
        }
    return times


def _environment(folder: Path) -> dict[str, str]:
    terminal = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
    ours = {name: value for name, value in os.environ.items() if name != _UNCOMPILED}
    return {**ours, **terminal, "XDG_CONFIG_HOME": str(folder)}


# what runs in a process of its own


async def idle_lag() -> dict[str, float]:
    """Watch an event loop that has nothing to do."""
    late: list[float] = []
    watcher = asyncio.create_task(_watch(late))
    await asyncio.sleep(LAG_SECONDS)
    watcher.cancel()
    return _lateness(late)


async def lag(store: str) -> dict[str, float]:
    """Look at one study while the store is written to."""
    from bertcl_tui.app.app import BertclApp

    late: list[float] = []
    app = BertclApp(store)
    async with app.run_test(size=SIZE) as pilot:
        while not app.screen.query("StudiesTable").first().items:  # type: ignore[attr-defined]
            await pilot.pause(0.01)
        await pilot.press("enter")
        await asyncio.sleep(1)
        watcher = asyncio.create_task(_watch(late))
        until = time.monotonic() + LAG_SECONDS
        while time.monotonic() < until:
            await pilot.press("j")
            await asyncio.sleep(1)
        watcher.cancel()
        memory = psutil.Process().memory_info().rss / 1e6
    return {**_lateness(late), "MB": memory}


async def _watch(late: list[float]) -> None:
    while True:
        before = time.perf_counter()
        await asyncio.sleep(0.01)
        late.append(time.perf_counter() - before - 0.01)


def _lateness(late: list[float]) -> dict[str, float]:
    ordered = sorted(late)
    return {
        "lag p50": ordered[len(ordered) // 2],
        "lag p99": ordered[int(len(ordered) * 0.99)],
    }


# what starts the processes


def lag_case(name: str, store: Path) -> Times:
    """Watch an event loop in a process of its own, while others are at work."""
    command = [*_HERE, "--case", name, str(store)]
    others = [subprocess.Popen([sys.executable, "-c", _BURN]) for _ in range(2)]
    if name == "lag":
        others.append(subprocess.Popen([*_HERE, "--write", str(store)]))
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    finally:
        for other in others:
            other.kill()
            other.wait()
    times: Times = json.loads(done.stdout.splitlines()[-1])
    return times


def write_at_4_hz(path: str) -> None:
    """Write a line to the store four times a second, until killed."""
    store = open_store(path)
    while True:
        write_log(store, "info", "something happened")
        time.sleep(0.25)


def cases(folder: Path) -> dict[str, Callable[[], Times]]:
    """Return the cases by their titles; a store is made in the folder once it is needed."""

    @cache
    def small() -> str:
        return str(make_store(folder / "small.db", trials=10_000, measurements=10))

    @cache
    def large() -> str:
        return str(make_store(folder / "large.db", trials=100_000, measurements=50))

    def opened(*words: str, ready: bytes) -> Times:
        return painted([COMMAND, *words], folder, frame=FRAME, ready=ready)

    return {
        "python -c pass": lambda: ended([sys.executable, "-c", "pass"], folder),
        "bertcl-tui --version": lambda: ended([COMMAND, "--version"], folder),
        "bertcl-tui --help": lambda: ended([COMMAND, "--help"], folder),
        "bare Textual": lambda: painted([sys.executable, "-c", _BARE], folder, frame=b"hello"),
        "bertcl-tui": lambda: opened(ready=NO_ROW),
        "bertcl-tui --store no.db": lambda: opened("--store", "no.db", ready=NO_ROW),
        "10,000 trials": lambda: opened("--store", small(), ready=FIRST_ROW),
        "100,000 trials": lambda: opened("--store", large(), ready=FIRST_ROW),
        "event loop alone, at work": lambda: lag_case("idle lag", Path(small())),
        "10,000 trials, at work": lambda: lag_case("lag", Path(small())),
    }


def measure(
    *, quick: bool = False, rounds: int = ROUNDS, titles: Sequence[str] = ()
) -> list[Figure]:
    """Let the cases take turns; those whose title contains one of these, or all."""
    rounds, titles = (1, QUICK) if quick else (rounds, titles)
    taken: dict[tuple[str, str], list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        chosen = {
            name: case
            for name, case in cases(Path(folder)).items()
            if not titles or any(title in name for title in titles)
        }
        for number in range(rounds + 1):
            for name, case in chosen.items():
                for what, value in case().items():
                    if number > 0:  # the first round compiles modules and warms the disk's cache
                        taken[name, what].append(value)
    return [_figure(*of_what, values) for of_what, values in taken.items()]


def _figure(name: str, what: str, values: list[float]) -> Figure:
    if what == "MB":
        return over_rounds(name, "memory, MB", values)
    return over_rounds(name, f"{what}, ms", [1e3 * value for value in values])


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--case", "idle lag", _]:
            print(json.dumps(asyncio.run(idle_lag())))
        case ["--case", "lag", store]:
            print(json.dumps(asyncio.run(lag(store))))
        case ["--write", store]:
            write_at_4_hz(store)
        case [rounds, *titles]:
            print(table(measure(rounds=int(rounds), titles=titles)))
        case _:
            print(table(measure()))
