"""How quick the terminal app is: python bench/screen.py [ROUNDS]

Every case is a process of its own; the cases take turns in every round, so that what else the
machine does falls on all of them, and a bare Textual app stands beside ours. Reported are medians
of the rounds. "frame" is the first painted one and "ready" the first that shows what is in the
store, both from the start of the process. "lag" is how late the event loop comes back from a sleep
of 10 ms while two processes calculate, the store is written to at 4 Hz and the cursor moves at
1 Hz; an event loop with nothing to do stands beside it. Budgets: frame 350 ms, ready 600 ms (empty
and 10,000 trials), 1 s (100,000 trials, 5 million measurements), lag p99 40 ms, 150 MB.
"""

import asyncio
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from itertools import chain
from pathlib import Path
from statistics import median

import psutil
from sqlalchemy import insert

from engine.spec import SearchSettings, StudySpec
from engine.store.connection import open_store
from engine.store.schema import measurement, run, stage
from engine.store.studies import create_study
from engine.store.workers import write_log

ROUNDS = 5
STUDIES = 10
STEPS = 1000
CHUNK = 1000
SIZE = (160, 50)
LAG_SECONDS = 10.0
_BURN = "while True: sum(range(1000))"


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
        "spec": "{}",
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


# what runs in a process of its own


async def bare(began: float) -> dict[str, float]:
    """Open an app of Textual alone."""
    from textual.app import App, ComposeResult
    from textual.widgets import Footer, Header, Static

    class Bare(App[None]):
        def compose(self) -> ComposeResult:
            yield Header()
            yield Static("hello")
            yield Footer()

    async with Bare().run_test(size=SIZE) as pilot:
        await pilot.pause()
        return {"frame": time.time() - began}


async def ours(began: float, store: str) -> dict[str, float]:
    """Open the app over a store."""
    from textual.screen import Screen

    from bertcl_tui.app.app import BertclApp

    class Opened(BertclApp):
        painted = 0.0

        def _display(self, screen: Screen[object], renderable: object) -> None:
            super()._display(screen, renderable)  # type: ignore[arg-type]
            if not self.painted and screen.query("KeyBar") and screen.size:
                self.painted = time.time()

    app = Opened(store)
    async with app.run_test(size=SIZE) as pilot:
        while not app.painted:
            await pilot.pause(0.001)
        while not (
            app.screen.has_class("-empty") or app.screen.query("StudiesTable").first().items
        ):  # type: ignore[attr-defined]
            await asyncio.sleep(0.002)
        ready = time.time() - began
        memory = psutil.Process().memory_info().rss / 1e6
        return {"frame": app.painted - began, "ready": ready, "MB": memory}


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


def run_case(name: str, store: Path | None) -> dict[str, float]:
    """Run a case in a process of its own."""
    command = [sys.executable, __file__, "--case", name, str(time.time()), str(store)]
    others: list[subprocess.Popen[bytes]] = []
    if name.endswith("lag"):
        others = [subprocess.Popen([sys.executable, "-c", _BURN]) for _ in range(2)]
    if name == "lag":
        others.append(subprocess.Popen([sys.executable, __file__, "--write", str(store)]))
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    finally:
        for other in others:
            other.kill()
            other.wait()
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told


def write_at_4_hz(path: str) -> None:
    """Write a line to the store four times a second, until killed."""
    store = open_store(path)
    while True:
        write_log(store, "info", "something happened")
        time.sleep(0.25)


def main(rounds: int) -> None:
    """Make the stores, let the cases take turns, and print what was measured."""
    with tempfile.TemporaryDirectory() as folder:
        small = make_store(Path(folder) / "small.db", trials=10_000, measurements=10)
        large = make_store(Path(folder) / "large.db", trials=100_000, measurements=50)
        cases: dict[str, tuple[str, Path | None]] = {
            "Textual alone": ("bare", None),
            "no store": ("ours", Path(folder) / "none.db"),
            "10,000 trials": ("ours", small),
            "100,000 trials": ("ours", large),
            "event loop alone, at work": ("idle lag", None),
            "10,000 trials, at work": ("lag", small),
        }
        measured: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        for _ in range(rounds):
            for title, (name, store) in cases.items():
                for what, value in run_case(name, store).items():
                    measured[title][what].append(value)
    for title, values in measured.items():
        told = (
            f"{what} {median(numbers):.0f}"
            if what == "MB"
            else f"{what} {1e3 * median(numbers):.0f} ms"
            for what, numbers in values.items()
        )
        print(f"{title:26}", "   ".join(told))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--case", "bare", began, _]:
            print(json.dumps(asyncio.run(bare(float(began)))))
        case ["--case", "ours", began, store]:
            print(json.dumps(asyncio.run(ours(float(began), store))))
        case ["--case", "idle lag", *_]:
            print(json.dumps(asyncio.run(idle_lag())))
        case ["--case", "lag", _, store]:
            print(json.dumps(asyncio.run(lag(store))))
        case ["--write", store]:
            write_at_4_hz(store)
        case arguments:
            main(int(arguments[0]) if arguments else ROUNDS)
