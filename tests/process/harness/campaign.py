"""A campaign: search after search is disturbed, and has to come to what it comes to undisturbed."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import psutil
from msgspec import Struct

from engine.errors import EngineError
from engine.spec import StudySpec
from engine.store.connection import Store, open_store
from engine.store.studies import create_study
from engine.work.supervisor import WorkerSettings
from tests.postgres import PostgresServer
from tests.process.harness.comparing import Results, differences, is_over, remains, results_of
from tests.process.harness.faults import CLOCK, OF_ALL, Fault, begin, faketime, own_disk

_LOOK_SECONDS: Final = 0.05
_PATIENCE: Final = 300.0
"""Seconds after which a search that is not over is stuck."""
_ENDS_WITHIN: Final = 30.0
_ROOT: Final = Path(__file__).parents[3]


class Tally(Struct):
    """What was done to the searches, and what became of it."""

    injected: dict[str, int] = {}
    lost: list[str] = []
    searches: int = 0
    lost_searches: int = 0
    faults_lost: int = 0
    reads: int = 0
    seconds: float = 0.0

    @property
    def faults(self) -> int:
        return sum(self.injected.values())

    def __str__(self) -> str:
        number = self.faults
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(self.injected.items()))
        same = self.searches - self.lost_searches
        return (
            f"{number} faults injected ({kinds}), {number - self.faults_lost} survived, "
            f"{self.faults_lost} lost; {self.searches} searches, {same} the same to the last bit; "
            f"{self.reads} readings; {self.seconds:.0f} s"
        )


@dataclass
class _Slot:
    """A place for a worker, and what shall happen to it there."""

    process: subprocess.Popen[bytes] | None = None
    fault: Fault | None = None
    started: float = 0.0
    happened: bool = False
    over_at: float | None = None
    end: Callable[[], None] | None = None

    @property
    def lives(self) -> bool:
        return self.process is not None and self.process.poll() is None


class Campaign:
    """Runs one search many times over, each time disturbed otherwise.

    Args:
        spec: of the search, in order.
        folder: where the stores lie.
        faults: what happens, one after another.
        tally: to go on with.
        steps_clock: the clock of the workers can be set; they start more slowly.
        server: where disturbed searches are kept; what takes a store away stops it. None: in files.
    """

    def __init__(
        self,
        spec: StudySpec,
        folder: Path,
        faults: Iterator[Fault],
        tally: Tally | None = None,
        *,
        steps_clock: bool = False,
        server: PostgresServer | None = None,
    ) -> None:
        self._steps_clock = steps_clock
        self._server = server
        self._spec = spec
        self._folder = folder
        self._faults = faults
        self._again: deque[Fault] = deque()
        self._expected: Results | None = None
        self.tally = tally or Tally()

    def disturb(self, *, most: int, workers: int = 2, readers: int = 0) -> Tally:
        """Disturb one search by so many faults at most, and see what it came to."""
        if self._expected is None:
            self._expected = self._undisturbed()
        began = time.monotonic()
        folder = self._folder / f"search-{self.tally.searches + 1}"
        with _Round(self._spec, folder, own=self._server is None, server=self._server) as search:
            if self._steps_clock:
                (folder / CLOCK).write_text("+0\n", encoding="utf-8")
            happened = search.run(self._next_faults(), most, workers=workers, readers=readers)
            self._again.extend(search.not_come_to)
            trouble = search.trouble
            if not trouble:
                trouble += differences(results_of(search.store, search.study_id), self._expected)
                trouble += remains(search.store, search.study_id)
        self.tally.searches += 1
        self.tally.reads += search.reads
        self.tally.seconds += time.monotonic() - began
        for fault in happened:
            self.tally.injected[fault.kind] = self.tally.injected.get(fault.kind, 0) + 1
        if trouble:
            self.tally.lost_searches += 1
            self.tally.faults_lost += len(happened)
            what = "; ".join(map(str, happened))
            self.tally.lost += [f"{folder.name}: {line} [{what}]" for line in trouble]
        else:
            shutil.rmtree(folder, ignore_errors=True)
        return self.tally

    def _undisturbed(self) -> Results:
        """Search with one worker to which nothing happens."""
        with _Round(self._spec, self._folder / "undisturbed", own=False) as search:
            search.run(iter(()), 0, workers=1, readers=0)
            assert not search.trouble, search.trouble
            return results_of(search.store, search.study_id)

    def _next_faults(self) -> Iterator[Fault]:
        while True:
            yield self._again.popleft() if self._again else next(self._faults)


class _Round:
    """One search, in a store of its own, by workers that are started again whenever one ends."""

    def __init__(
        self, spec: StudySpec, folder: Path, *, own: bool, server: PostgresServer | None = None
    ) -> None:
        self._spec = spec
        self._server = server
        self._folder = folder
        self._own = own
        self._slots: list[_Slot] = []
        self._happened: list[Fault] = []
        self._readers: list[subprocess.Popen[bytes]] = []
        self.not_come_to: list[Fault] = []
        self.trouble: list[str] = []
        self.reads = 0

    def __enter__(self) -> "_Round":
        self._disk = own_disk(self._folder, wanted=self._own)
        self._disk.__enter__()
        self._path = self._folder / "studies.db"
        server = self._server
        self.store: Store = open_store(server.emptied_store() if server else str(self._path))
        self.study_id = create_study(self.store, self._spec)
        return self

    def __exit__(self, *_: object) -> None:
        try:
            processes = [slot.process for slot in self._slots if slot.process is not None]
            for process in (*processes, *self._readers):
                if process.poll() is None:
                    process.kill()
                    process.wait()
            for slot in self._slots:
                if slot.end is not None:
                    slot.end()
            self.store.close()
        finally:
            self._disk.__exit__(None, None, None)

    def run(self, faults: Iterator[Fault], most: int, *, workers: int, readers: int) -> list[Fault]:
        """Search to the end; return what happened meanwhile."""
        self._slots = [_Slot() for _ in range(workers)]
        self._readers = [
            self._popen("tests.process.harness.reading", [self.store.url]) for _ in range(readers)
        ]
        deadline = time.monotonic() + _PATIENCE
        while not self._is_over():
            if time.monotonic() > deadline:
                self.trouble.append(f"stuck for {_PATIENCE:.0f} s")
                return self._happened
            for slot in self._slots:
                if not slot.lives and slot.end is None:
                    self._look_at_end(slot)
                    planned = sum(s.fault is not None and not s.happened for s in self._slots)
                    free = most - len(self._happened) - planned
                    self._start(slot, next(faults) if free > 0 else None)
                self._let_happen(slot)
            time.sleep(_LOOK_SECONDS)
        self._end_all()
        self._end_readers()
        return self._happened

    def _end_readers(self) -> None:
        """Count what the readers read; one that came across something wrong said it."""
        for reader in self._readers:
            reader.send_signal(signal.SIGTERM)
            status = reader.wait(_ENDS_WITHIN)
            if status != 0:
                self.trouble.append(f"a reader ended with {status}; see its log")
        self.reads = sum(
            int(line.rpartition(" ")[2])
            for line in self._log_file.read_text(encoding="utf-8", errors="replace").splitlines()
            if line.startswith("readings: ")
        )

    @property
    def _log_file(self) -> Path:
        return self._folder.with_name(f"{self._folder.name}.log")

    def _popen(self, module: str, words: list[str]) -> "subprocess.Popen[bytes]":
        environment = os.environ | {"PYTHONPATH": str(_ROOT)}
        words = ["-P", "-m", module, *words]
        library, clock = faketime(), self._folder / CLOCK
        if library is not None and clock.exists():
            environment |= _fake_clock(library, clock)
            words.insert(0, "-B")  # not to be forked: a fork keeps its clock
        with self._log_file.open("ab") as output:
            return subprocess.Popen(
                [sys.executable, *words],
                cwd=_ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def _is_over(self) -> bool:
        if any(slot.end is not None for slot in self._slots):
            return False
        with suppress(EngineError):
            return is_over(self.store, self.study_id)
        return False

    def _start(self, slot: _Slot, fault: Fault | None) -> None:
        settings = WorkerSettings(
            store=self.store.url, device="cpu", threads=1, idle_seconds=0.5, checkpoint_seconds=0
        )
        strike = fault.strike if fault is not None else None
        words = [msgspec.json.encode(each).decode() for each in (settings, strike)]
        slot.process = self._popen("tests.process.harness.strikes", words)
        slot.fault, slot.happened, slot.started = fault, False, time.monotonic()

    def _let_happen(self, slot: _Slot) -> None:
        """Begin or end what was to happen to the worker by now."""
        now, fault = time.monotonic(), slot.fault
        if slot.end is not None and slot.over_at is not None and now >= slot.over_at:
            slot.end()
            slot.end = slot.over_at = None
        if fault is None or slot.happened or slot.process is None or not slot.lives:
            return
        pid = slot.process.pid
        struck = fault.strike is not None and _is_stopped(pid)
        if not struck and now - slot.started >= fault.after and fault.strike is not None:
            # It does not come there: no use in waiting.
            fault = slot.fault = Fault("kill", after=fault.after)
        is_due = struck or (fault.strike is None and now - slot.started >= fault.after)
        if is_due and not (fault.kind in OF_ALL and self._happens_to_all()):
            slot.end = self._begin(fault, pid)
            slot.over_at = now + fault.seconds
            slot.happened = True
            self._happened.append(fault)

    def _begin(self, fault: Fault, pid: int) -> Callable[[], None]:
        if self._server is not None and fault.kind == "remove":
            self._server.stop()
            return self._server.start
        return begin(fault, pid, self._path)

    def _happens_to_all(self) -> bool:
        """Whether the store is full or away just now: one such thing at a time."""
        return any(
            slot.end is not None and slot.fault is not None and slot.fault.kind in OF_ALL
            for slot in self._slots
        )

    def _look_at_end(self, slot: _Slot) -> None:
        """Say what the end of a worker means: a strike that hit, or one that it never came to."""
        if slot.process is None:
            return
        status, fault = slot.process.returncode, slot.fault
        if fault is not None and not slot.happened:
            if status == -signal.SIGKILL:
                self._happened.append(fault)
            else:
                self.not_come_to.append(fault)
        elif status not in (0, -signal.SIGKILL) and not self._had("fill", "remove"):
            self.trouble.append(f"a worker ended with {status}")
        slot.process = slot.fault = None

    def _had(self, *kinds: str) -> bool:
        return any(fault.kind in kinds for fault in self._happened)

    def _end_all(self) -> None:
        """Ask all workers to end, and see that they do."""
        for slot in self._slots:
            if slot.process is not None and slot.lives:
                if slot.fault is not None and not slot.happened:
                    self.not_come_to.append(slot.fault)
                slot.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + _ENDS_WITHIN
        while any(slot.lives for slot in self._slots):
            for slot in self._slots:
                if slot.process is not None and slot.lives:
                    # It may just have come to a point at which it stops itself.
                    slot.process.send_signal(signal.SIGCONT)
            if time.monotonic() > deadline:
                self.trouble.append(f"a worker did not end within {_ENDS_WITHIN:.0f} s")
                return
            time.sleep(_LOOK_SECONDS)


def _is_stopped(pid: int) -> bool:
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() == psutil.STATUS_STOPPED
    return False


def _fake_clock(library: str, stamp: Path) -> dict[str, str]:
    return {
        "LD_PRELOAD": library,
        "FAKETIME_TIMESTAMP_FILE": str(stamp),
        "FAKETIME_NO_CACHE": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }
