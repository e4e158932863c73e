"""How quick a table of 100,000 trials is: python -m bench.tables [ROUNDS]

One study with all of the trials and 5 million measurements, in a terminal of 160×50, every round in
a process of its own. "home" is from the start of the process to the first list of studies, "study"
from the key that opens the study to the first lines of its trials; every other case is from the key
to the first lines that show it, the order or the filter being asked of the store anew. "frozen" is
the longest that the event loop was held up meanwhile. Budgets: home 1 s;
what sorts, filters or jumps well below 300 ms.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bench.figures import Figure, over_rounds, table
from bench.screen import SIZE, make_store

if TYPE_CHECKING:
    from textual.pilot import Pilot

ROUNDS = 3
TRIALS = 100_000
MEASUREMENTS = 50
SHOWN, FROZEN = "shown, ms", "frozen, ms"
_PATIENCE = 60.0

Told = dict[str, dict[str, float]]
"""Seconds until it was shown, and those the event loop was held up, of each case."""


class Stopwatch:
    """Times what keys bring about, and how long the event loop is held up."""

    def __init__(self, pilot: "Pilot[None]") -> None:
        self._pilot = pilot
        self.told: Told = {}
        self._late = 0.0

    async def watch(self) -> None:
        """Note how late the event loop comes back, again and again."""
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.005)
            self._late = max(self._late, time.perf_counter() - before - 0.005)

    async def time(self, name: str, keys: tuple[str, ...], shown: Callable[[], object]) -> None:
        """Press keys, the last of which counts, and wait until something is shown."""
        if keys[:-1]:
            await self._pilot.press(*keys[:-1])
        self._late, began = 0.0, time.perf_counter()
        key = asyncio.create_task(self._pilot.press(keys[-1]))
        while not shown():
            if time.perf_counter() - began > _PATIENCE:
                raise TimeoutError(name)
            await asyncio.sleep(0.001)
        taken = time.perf_counter() - began
        await key
        self.told[name] = {SHOWN: taken, FROZEN: self._late}


async def look(began: float, store: str) -> Told:
    """Open the app over a store, then the study, and turn its table about."""
    from textual.widgets import Input

    from bertcl_tui.app.app import BertclApp
    from bertcl_tui.studies.table import StudiesTable
    from bertcl_tui.study.screen import StudyScreen
    from bertcl_tui.study.trials import TrialsList
    from bertcl_tui.study.trials_table import TrialsTable

    app = BertclApp(store)
    async with app.run_test(size=SIZE) as pilot:
        while not app.screen.query_one(StudiesTable).items:
            await asyncio.sleep(0.001)
        watch = Stopwatch(pilot)
        watch.told["home"] = {SHOWN: time.time() - began}
        watcher = asyncio.create_task(watch.watch())

        def table() -> TrialsTable:
            return app.screen.query_one(TrialsTable)

        def begins_otherwise(before: object) -> bool:
            return first() != before

        def is_filtered(before: int) -> bool:
            return len(table().items) != before and read(0)

        def read(line: int) -> bool:
            if not app.screen.query(TrialsTable):
                return False
            items = table().items
            return len(items) > line and items[line].trial is not None

        def first() -> object:
            return table().items[0].number if read(0) else None

        await watch.time("study", ("enter",), lambda: read(0))
        screen = app.screen
        assert isinstance(screen, StudyScreen)
        await watch.time("to the end", ("G",), lambda: read(len(table().items) - 1))
        await watch.time("to the beginning", ("g",), lambda: read(0))
        for name, column in (("p_s", "p_s"), ("a learning rate", "lr3"), ("time", "time")):
            before = first()
            screen.query_one(TrialsList).listing.sort_by(column)
            await watch.time(f"by {name}", ("f24",), partial(begins_otherwise, before))
        await pilot.press("slash")
        entry = screen.query_one(Input)
        for name, text in (("lr3>1e-5 p>1.6", "lr3>1e-5 p>1.6"), ("a state", "state:pruned")):
            before = len(table().items)
            entry.value = text
            await watch.time(
                f"filter {name}",
                ("f24",),
                partial(is_filtered, before),
            )
        watcher.cancel()
    return watch.told


def measure(*, quick: bool = False, rounds: int = ROUNDS) -> list[Figure]:
    """Make the store, and look at it again and again."""
    trials, measurements, rounds = (200, 2, 1) if quick else (TRIALS, MEASUREMENTS, rounds)
    taken: dict[tuple[str, str], list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.db"
        store = make_store(path, trials=trials, measurements=measurements, studies=1)
        for _ in range(rounds):
            command = [sys.executable, "-m", "bench.tables", "--look", str(time.time()), str(store)]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            for case, times in json.loads(done.stdout.splitlines()[-1]).items():
                for what, seconds in times.items():
                    taken[case, what].append(1e3 * seconds)
    return [over_rounds(*of_what, times) for of_what, times in taken.items()]


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--look", began, store]:
            print(json.dumps(asyncio.run(look(float(began), store))))
        case arguments:
            print(table(measure(rounds=int(arguments[0]) if arguments else ROUNDS)))
