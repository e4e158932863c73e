"""What is found: of the machine, the terminal and the settings, of the store and its disk."""

import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import psutil
from msgspec import Struct
from rich.console import Console
from sqlalchemy import text

from bertcl_tui.doctor import Finding, Verdict
from bertcl_tui.settings import read_settings
from bertcl_tui.store.reader import Reader
from bertcl_tui.style.wording import count, size
from engine.errors import EngineError, UsageError, shown
from engine.installing import command_to_install
from engine.places.named import CACHES, CHECKPOINTS
from engine.store.connection import Store, is_made, open_store, sqlite_path, store_url
from engine.store.schema import REVISIONS
from engine.tasks.hub_access import hub_answers
from engine.tasks.sources.sample import SAMPLES, require_sample_pack
from engine.work.ask import ask_machine
from engine.work.cleaning import Cleaning, kinds_of, look_at
from engine.work.machine import choose_sharing, known_rates, torch_knows_cuda

_LEAST_COLUMNS, _LEAST_LINES = 80, 24
_FEW_COLOURS: Final = {"standard", "256"}
_AROUND_IT: Final = {"in tmux": "TMUX", "in screen": "STY", "over SSH": "SSH_CONNECTION"}
_LIBRARIES: Final = (
    "bertcl-tui",
    "torch",
    "transformers",
    "peft",
    "datasets",
    "optuna",
    "scikit-learn",
    "matplotlib",
    "sqlalchemy",
    "textual",
    "plotext",
)


def find_libraries() -> Iterator[Finding]:
    """Yield Python and each library with its version."""
    yield Finding("python", "good", f"{platform.python_version()} on {platform.platform()}")
    for name in _LIBRARIES:
        try:
            yield Finding(name, "good", version(name))
        except PackageNotFoundError:
            yield Finding(name, "bad", f"not installed; {command_to_install('bertcl-tui')}")


def find_devices() -> Finding:
    """Look for what torch can learn on. Takes seconds: a process of its own loads torch."""
    try:
        machine = ask_machine()
    except EngineError as error:
        return Finding("devices", "bad", str(error))
    gpus = [f"cuda:{index} {name}" for index, name in enumerate(machine.gpus)]
    found = ", ".join([count(machine.cores, "core"), *gpus]) + f"; auto takes {machine.device}"
    if not gpus:
        found = f"{found}; {choose_sharing(known_rates() or {})}"
    if not machine.hidden:
        return Finding("devices", "good", found)
    return Finding("devices", "note", f"{found}; {count(machine.hidden, 'GPU')} {_why_hidden()}")


def _why_hidden() -> str:
    if not torch_knows_cuda():
        return "more that torch was not built for: install one with CUDA, see pytorch.org"
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return "more that torch cannot use: look at nvidia-smi"
    return f"more that are hidden: CUDA_VISIBLE_DEVICES is '{shown(visible)}'"


def find_samples() -> Finding:
    """Look whether the sample pack is installed."""
    try:
        require_sample_pack()
    except UsageError as error:
        return Finding("sample pack", "note", str(error))
    return Finding("sample pack", "good", f"tasks {', '.join(task.name for task in SAMPLES)}")


def find_hub() -> Finding:
    """Ask the model hub for a sign of life."""
    if hub_answers():
        return Finding("hub", "good", "answers")
    return Finding("hub", "note", "does not answer; use --data sample, a folder or what is cached")


class Terminal(Struct, frozen=True, kw_only=True):
    """What a program can know of its terminal."""

    columns: int
    lines: int
    encoding: str
    colours: str | None
    """Rich's name of how many; None: none."""
    variables: Mapping[str, str]
    """Of the environment."""

    @property
    def kind(self) -> str:
        """What it calls itself."""
        return self.variables.get("TERM", "unknown")


def find_terminal(variables: Mapping[str, str]) -> Iterator[Finding]:
    """Yield what is to be said of the terminal of this process."""
    if not sys.stdout.isatty():
        yield Finding("terminal", "note", "stdout is none; the app needs one")
        return
    columns, lines = shutil.get_terminal_size()
    yield from look_at_terminal(
        Terminal(
            columns=columns,
            lines=lines,
            encoding=sys.stdout.encoding,
            colours=Console().color_system,
            variables=variables,
        )
    )


def look_at_terminal(terminal: Terminal) -> Iterator[Finding]:
    """Yield what it is, then what keeps the app from being read in it."""
    around = [name for name, variable in _AROUND_IT.items() if terminal.variables.get(variable)]
    facts = [
        terminal.kind,
        f"{terminal.columns}×{terminal.lines}",
        f"{terminal.colours or 'no'} colours",
        terminal.encoding,
        *around,
    ]
    troubles = list(_troubles(terminal))
    yield Finding("terminal", "note" if troubles else "good", ", ".join(facts))
    for trouble in troubles:
        yield Finding("terminal", "note", trouble)


def _troubles(terminal: Terminal) -> Iterator[str]:
    if terminal.columns < _LEAST_COLUMNS or terminal.lines < _LEAST_LINES:
        yield f"the app wants at least {_LEAST_COLUMNS}×{_LEAST_LINES}: make the window larger"
    if "utf" not in terminal.encoding.lower():
        yield "the app wants UTF-8: export LANG=C.UTF-8"
    if terminal.variables.get("NO_COLOR"):
        yield "NO_COLOR is set: the app does without colours; unset NO_COLOR to have them"
    elif terminal.kind == "dumb":
        yield "TERM is dumb: the app cannot move the cursor; export TERM=xterm-256color"
    elif terminal.colours in _FEW_COLOURS:
        yield f"{terminal.colours} colours: themes look rougher than they are; {_more(terminal)}"


def _more(terminal: Terminal) -> str:
    if terminal.variables.get("TMUX"):
        return (
            "in .tmux.conf: set -g default-terminal tmux-256color "
            "and set -as terminal-features ',*:RGB'"
        )
    return (
        "export COLORTERM=truecolor if it has 16 million, or bertcl-tui config set theme ansi-dark"
    )


def find_settings(file: Path) -> Finding:
    """Read the settings' file, if there is one."""
    from bertcl_tui.settings.named import all_named, check_settings

    if not file.exists():
        return Finding("settings", "good", f"all as it comes; {shown(file)} would have others")
    try:
        settings = read_settings(file)
        check_settings(settings)
    except UsageError as error:
        text = str(error).removeprefix(f"settings {shown(file)}: ")
        return Finding(
            "settings", "note", f"{shown(file)}: {text}; mend it with bertcl-tui config edit"
        )
    changed = sum(item.changed for item in all_named(settings))
    return Finding("settings", "good", f"{shown(file)}: {count(changed, 'setting')} changed")


_NETWORKED: Final = (
    "nfs",
    "cifs",
    "smb",
    "sshfs",
    "afpfs",
    "webdav",
    "davfs",
    "ceph",
    "gluster",
    "lustre",
    "gpfs",
    "beegfs",
    "afs",
    "9p",
    "rclone",
    "s3fs",
)
"""How the names of file systems are written that reach over a network."""
_LITTLE: Final = 2 * 2**30
"""Bytes: less is soon full of checkpoints."""
_MUCH: Final = 2**30
"""Bytes that can go: more is worth a word."""


def find_places() -> Iterator[Finding]:
    """Yield what is to be said of places that were named for checkpoints and caches."""
    for named in (CHECKPOINTS, CACHES):
        try:
            named.check()
        except UsageError as error:
            yield Finding(named.what, "bad", str(error))
            continue
        place = named.place()
        if place is not None:
            yield Finding(named.what, "good", f"{place} can be written")


class Mount(Struct, frozen=True):
    """Where a file system is to be found."""

    folder: Path
    kind: str


def find_store(store: str, clock: Callable[[], float] | None = None) -> Iterator[Finding]:
    """Yield what is to be said of a store, and of the disk it lies or would lie on.

    Args:
        store: URL, or path of a SQLite file.
        clock: says for which moment it is said.
    """
    try:
        made = is_made(store)
        path = sqlite_path(store_url(store))
    except EngineError as error:
        yield Finding("store", "bad", str(error))
        return
    if path is not None:
        yield from find_place(path, mounts())
    if not made:
        yield Finding("store", "note", f"none at {shown(store)} yet; a search makes it")
        return
    try:
        with (
            closing(open_store(store, create=False)) as at,
            closing(Reader(store, clock)) as reader,
            at.plain_errors(),
        ):
            yield _contents(at, reader)
            yield _workers(reader)
            yield _lost(reader)
            yield _disk_use(at)
    except EngineError as error:
        yield Finding("store", "bad", str(error))


def find_place(store: Path, there: Iterable[Mount]) -> Iterator[Finding]:
    """Yield what is to be said of where a SQLite file lies.

    Args:
        store: the file, in a folder that exists.
        there: every file system.
    """
    mount = mount_of(store, there)
    if mount is not None and any(name in mount.kind.lower() for name in _NETWORKED):
        yield Finding(
            "store's disk",
            "note",
            f"{shown(store)} lies on {mount.kind} ({shown(mount.folder)}): SQLite's write-ahead "
            "log does not work over a network; keep it on a local disk, or use --store "
            "postgresql+psycopg://…",
        )
    free = shutil.disk_usage(store.parent).free
    if free < _LITTLE:
        text = f"{size(free)} free at {shown(store.parent)}; checkpoints want some GB"
        yield Finding("free disk", "note", text)
    else:
        yield Finding("free disk", "good", f"{size(free)} at {shown(store.parent)}")


def mounts() -> tuple[Mount, ...]:
    """Return every file system of this machine."""
    return tuple(
        Mount(Path(part.mountpoint), part.fstype) for part in psutil.disk_partitions(all=True)
    )


def mount_of(path: Path, there: Iterable[Mount]) -> Mount | None:
    """Return the file system on which a file lies: the innermost, the last one mounted there."""
    fitting = [mount for mount in there if path.is_relative_to(mount.folder)]
    deepest = max((len(mount.folder.parts) for mount in fitting), default=0)
    return next((mount for mount in reversed(fitting) if len(mount.folder.parts) == deepest), None)


def _contents(at: Store, reader: Reader) -> Finding:
    studies, path = reader.studies(), at.path
    trials = sum(sum(study.counts.values()) for study in studies)
    facts = [count(len(studies), "study", "studies"), count(trials, "trial")]
    facts.append(f"schema {REVISIONS[-1]}")
    if path is None:
        return Finding("store", "good", f"{shown(at.engine.url.host)}: {', '.join(facts)}")
    files = [path, path.with_name(f"{path.name}-wal")]
    facts.append(size(sum(file.stat().st_size for file in files if file.exists())))
    with at.reading() as connection:
        journal = str(connection.execute(text("PRAGMA journal_mode")).scalar_one())
    facts.append(f"journal {journal}")
    about = f"{shown(path)}: {', '.join(facts)}"
    if journal != "wal":
        return Finding("store", "note", f"{about}; screen and workers will wait for each other")
    return Finding("store", "good", about)


def _disk_use(at: Store) -> Finding:
    """Say how much there is of each kind that ``clean`` knows."""
    try:
        stocks = [look_at(Cleaning(at), kind) for kind in kinds_of(at)]
    except EngineError as error:
        return Finding("disk use", "note", f"cannot be told: {error}")
    there = [
        f"{stock.kind} {stock.there.count:,} ({size(stock.there.bytes)})"
        for stock in stocks
        if stock.there.count
    ]
    can_go = sum(stock.can_go.bytes for stock in stocks)
    said = ", ".join(there) or "nothing but the store"
    if can_go == 0:
        return Finding("disk use", "good", said)
    verdict: Verdict = "note" if can_go >= _MUCH else "good"
    return Finding("disk use", verdict, f"{said}; {size(can_go)} can go: bertcl-tui clean")


def _workers(reader: Reader) -> Finding:
    workers = reader.workers()
    stale = [worker for worker in workers if worker.state == "lost"]
    living = len(workers) - len(stale)
    if not stale:
        return Finding("workers", "good", f"{living} at work or waiting")
    named = ", ".join(f"{worker.pid} on {shown(worker.host)}" for worker in stale)
    return Finding(
        "workers",
        "note",
        f"{count(len(stale), 'worker')} ended without a word ({named}), {living} living; what they "
        "did is taken up by the next one: open the app, or bertcl-tui worker",
    )


def _lost(reader: Reader) -> Finding:
    studies = [
        shown(study.name) for study in reader.studies() if study.state in {"lost", "stalled"}
    ]
    runs = sum(run.state in {"lost", "stalled"} for run in reader.unfinished_runs())
    if not studies and not runs:
        return Finding("lost runs", "good", "none")
    named = f" ({', '.join(studies)})" if studies else ""
    return Finding(
        "lost runs",
        "note",
        f"{count(len(studies), 'study', 'studies')}{named} and {count(runs, 'run')} without a "
        "worker that gets on; bertcl-tui resume STUDY, or bertcl-tui worker",
    )
