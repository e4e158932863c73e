"""Make the pictures of the README and the tour: ``python -m assets.pictures [NAME …]``.

They show a copy of the recorded store, ``studies.db``, unless ``--store`` names another one. Each
picture is a screen of 120×40 cells in the dark theme, written beside this file; that of a report is
taken by chromium, where it is installed. Without names all are made.
"""

import argparse
import asyncio
import shutil
import subprocess
import tempfile
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import chdir, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from textual.pilot import Pilot
from textual.worker import WorkerCancelled

from bertcl_tui.app.app import BertclApp
from bertcl_tui.arena.grid import ArenaGrid
from bertcl_tui.compare.table import ComparisonTable
from bertcl_tui.kit.messages import OpenArena, OpenCombine, OpenStudy
from bertcl_tui.new_study.screen import NewStudyScreen
from bertcl_tui.report.writing import write_study_report
from bertcl_tui.store.reader import Reader
from bertcl_tui.studies.table import StudiesTable
from bertcl_tui.study.trials_table import TrialsTable
from bertcl_tui.trial.screen import TrialScreen
from engine.store.connection import DEFAULT_STORE, open_store
from engine.store.remarks import change_marks
from tests.bertcl_tui.waiting import until

HERE: Final = Path(__file__).resolve().parent
SIZE: Final = (120, 40)
REPORT: Final = "report"
REPORTED: Final = "privacy-qa:rotten-tomatoes"
REPORT_SIZE: Final = "1120,1180"
NAMES: Final = ("studies", "new-study", "study", "trial", "compare", "combine", "arena", REPORT)
MARKED: Final = 5
"""Trials of each study that are combined, the best ones."""


async def take_pictures(store: str, names: Container[str]) -> None:
    """Open the app over a store, and take a picture of each screen that is named."""
    app = BertclApp(store)
    async with app.run_test(size=SIZE) as pilot:
        take = partial(take_picture, pilot, names)
        await until(pilot, lambda: app.screen.query_one(StudiesTable).items)
        await take("studies")
        first, *others = app.screen.query_one(StudiesTable).items
        marks: dict[int, list[int]] = {}
        for study in (first, *others):
            best = app.reader.scored(study.id)[:MARKED]
            record = app.reader.record(study.id)
            searched = record is not None and record.spec.method == "profile"
            if best and searched and study.model == first.model:
                marks[study.id] = [trial.number for trial in best]
        mark(store, marks)
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, NewStudyScreen))
        await take("new-study")
        await pilot.press("escape")
        app.post_message(OpenStudy(first.id))
        await until(pilot, lambda: app.screen.query(TrialsTable))
        await until(pilot, lambda: app.screen.query_one(TrialsTable).items)
        await pilot.press("j")
        await take("study")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, TrialScreen))
        await take("trial")
        await pilot.press("escape", "d")
        await until(pilot, lambda: app.screen.query(ComparisonTable))
        await take("compare")
        await pilot.press("escape")
        app.post_message(OpenCombine(None))
        await take("combine")
        await pilot.press("escape", "escape")
        app.post_message(OpenArena())
        await until(pilot, lambda: app.screen.query(ArenaGrid))
        await take("arena")


def mark(store: str, marks: Mapping[int, Sequence[int]]) -> None:
    """Mark trials of studies, as somebody who looked at them would."""
    with closing(open_store(store)) as opened:
        for study_id, numbers in marks.items():
            change_marks(opened, study_id, on=numbers)


def take_report(store: str) -> None:
    """Take a picture of the beginning of a report, in a browser."""
    browser = shutil.which("chromium")
    if browser is None:
        print("no picture of a report: chromium is not installed")  # noqa: T201 - as below
        return
    page, picture = Path("report.html").resolve(), HERE / f"{REPORT}.png"
    with closing(Reader(store)) as reader:
        (study,) = (row for row in reader.studies() if row.name == REPORTED)
        write_study_report(reader, study.id, page)
    words = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    words += [f"--window-size={REPORT_SIZE}", "--virtual-time-budget=20000"]
    words += [f"--user-data-dir={page.with_name('browser')}", f"--screenshot={picture}"]
    subprocess.run([browser, *words, page.as_uri()], check=True, capture_output=True)  # noqa: S603
    print(f"{picture}  {picture.stat().st_size / 1024:.0f} KiB")  # noqa: T201 - as below


async def take_picture(pilot: Pilot[None], names: Container[str], name: str) -> None:
    """Write a picture of the screen, if it is wanted, as soon as it has read all that it shows."""
    await settle(pilot)
    if name not in names:
        return
    path = HERE / f"{name}.svg"
    path.write_text(pilot.app.export_screenshot(title="bertcl-tui"), encoding="utf-8")
    print(f"{path}  {path.stat().st_size / 1024:.0f} KiB")  # noqa: T201 - a script says what it did


async def settle(pilot: Pilot[None]) -> None:
    """Wait until no thread works but the one that watches the store."""
    await pilot.pause()
    while reading := [worker for worker in pilot.app.workers if not worker.is_finished]:
        reading = [worker for worker in reading if worker.group != "watch"]
        if not reading:
            break
        for worker in reading:
            try:
                await worker.wait()
            except WorkerCancelled:
                continue
        await pilot.pause()
    await pilot.pause()


@contextmanager
def copy_of(store: Path) -> Iterator[str]:
    """Yield a copy under the usual name: whoever looks at a store leaves marks in its file."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(store, Path(folder) / DEFAULT_STORE)
        with chdir(folder):
            yield DEFAULT_STORE


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--store", type=Path, default=HERE.parent / DEFAULT_STORE)
    asked = parser.parse_args()
    with copy_of(asked.store.resolve()) as store:
        names = asked.names or NAMES
        if set(names) - {REPORT}:
            asyncio.run(take_pictures(store, names))
        if REPORT in names:
            take_report(store)


if __name__ == "__main__":
    main()
