"""``python -m tests.process.harness.torture``: disturb searches for as long as one likes.

First so many faults, at two workers; then workers and readers for so many minutes, disturbed as
well; then as many workers on a PostgreSQL server, where that is there, which is stopped and started
too; then the clock is stepped, where libfaketime is there. What was done is written to a file
after every search, and a later call with the same file goes on from there.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args

import msgspec
import pytest
from msgspec import Struct

from engine.spec import Protocol, SearchSettings, StudySpec
from tests.forking import CAN_FORK, end_forks, forking, forks
from tests.postgres import PostgresServer, postgres_server
from tests.process.harness.campaign import Campaign, Tally
from tests.process.harness.faults import Kind, endless_faults, why_not
from tests.tiny import tiny_backbone, tiny_tasks

LONG_STOP = 17.0
"""Seconds after which a stopped worker has lost its run."""
_CLOCK_FAULTS = 4
OF_SERVERS: tuple[Kind, ...] = ("strike", "kill", "pause", "starve", "remove")
"""What can happen where a server keeps the searches; it is removed where it is stopped."""


class Progress(Struct):
    """What was done by now."""

    faults: Tally = msgspec.field(default_factory=Tally)
    crowd: Tally = msgspec.field(default_factory=Tally)
    server: Tally = msgspec.field(default_factory=Tally)
    clock: Tally = msgspec.field(default_factory=Tally)


def main() -> int:
    """Torture; 1 where something was lost."""
    asked = _arguments()
    with TemporaryDirectory(prefix="torture-") as name:
        folder = Path(name)
        os.environ["BERTCL_CACHE"] = str(folder / "cache")
        os.environ["XDG_DATA_HOME"] = str(folder / "data")
        if not CAN_FORK:
            return _torture(asked, folder)
        with forks(folder) as place, forking(place):
            try:
                return _torture(asked, folder)
            finally:
                end_forks(folder)


def tiny_search(backbone: Path, tasks: Path, *, in_order: int) -> StudySpec:
    """Return a search in order whose last trials are learnt from the first."""
    return StudySpec(
        name="tiny",
        sequence=("mood", "agree"),
        data=str(tasks),
        model=str(backbone),
        protocol=Protocol(epochs=1, measures_per_epoch=2, retention_rows=16, batch_size=4),
        search=SearchSettings(
            trials=12, in_order=in_order, body_bounds=(1e-3, 1e-2), head_bounds=(1e-3, 1e-2)
        ),
        device="cpu",
    )


def possible_kinds() -> tuple[Kind, ...]:
    """Return what can happen on this machine, without the clock, and say what cannot."""
    kinds: tuple[Kind, ...] = get_args(Kind)
    for kind in kinds:
        if (reason := why_not(kind)) is not None:
            print(f"no {kind}: {reason}")
    return tuple(kind for kind in kinds if kind != "clock" and why_not(kind) is None)


@contextmanager
def server_if_there() -> Iterator[PostgresServer | None]:
    """Yield a PostgreSQL server; None where there can be none, which is said."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(postgres_server())
        except pytest.skip.Exception as reason:
            print(f"no server: {reason}")
            server = None
        yield server


def _torture(asked: argparse.Namespace, folder: Path) -> int:
    progress, file = _read(asked.file), asked.file
    backbone, tasks = tiny_backbone(folder / "backbone"), tiny_tasks(folder / "tasks")
    kinds = possible_kinds()

    few = tiny_search(backbone, tasks, in_order=2)
    draw = endless_faults(progress.faults.searches, kinds, long_stop=LONG_STOP)
    campaign = Campaign(few, folder / "faults", draw, progress.faults)
    while progress.faults.faults < asked.faults:
        campaign.disturb(most=asked.faults - progress.faults.faults)
        _tell("faults", progress, file)

    many = tiny_search(backbone, tasks, in_order=asked.workers)
    draw = endless_faults(1000 + progress.crowd.searches, kinds, long_stop=LONG_STOP)
    campaign = Campaign(many, folder / "crowd", draw, progress.crowd)
    while progress.crowd.seconds < 60.0 * asked.minutes:
        campaign.disturb(most=asked.workers, workers=asked.workers, readers=asked.readers)
        _tell("crowd", progress, file)

    with server_if_there() as server:
        draw = endless_faults(3000 + progress.server.searches, OF_SERVERS, long_stop=LONG_STOP)
        campaign = Campaign(many, folder / "server", draw, progress.server, server=server)
        while server is not None and progress.server.faults < asked.server_faults:
            most = min(asked.workers, asked.server_faults - progress.server.faults)
            campaign.disturb(most=most, workers=asked.workers, readers=asked.readers)
            _tell("server", progress, file)

    if why_not("clock") is None:
        draw = endless_faults(2000, ("clock",), long_stop=LONG_STOP)
        campaign = Campaign(few, folder / "clock", draw, progress.clock, steps_clock=True)
        while progress.clock.faults < _CLOCK_FAULTS:
            campaign.disturb(most=_CLOCK_FAULTS - progress.clock.faults)
            _tell("clock", progress, file)

    every = (progress.faults, progress.crowd, progress.server, progress.clock)
    for tally in every:
        print(tally, *tally.lost, sep="\n")
    return int(any(tally.lost for tally in every))


def _tell(part: str, progress: Progress, file: Path) -> None:
    file.write_bytes(msgspec.json.format(msgspec.json.encode(progress)))
    print(f"{time.strftime('%H:%M:%S')} {part}: {getattr(progress, part)}", flush=True)


def _read(file: Path) -> Progress:
    return msgspec.json.decode(file.read_bytes(), type=Progress) if file.exists() else Progress()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faults", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--server-faults", type=int, default=100)
    parser.add_argument("--readers", type=int, default=2)
    parser.add_argument("--file", type=Path, default=Path("torture.json"))
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
