"""``doctor``: whether everything is there, and what to do about what is not."""

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Final, Literal

import typer
from msgspec import Struct
from rich.console import Console

from bertcl_tui.cli.output import make_table, print_json, print_text
from bertcl_tui.cli.parameters import Json, Store
from bertcl_tui.cli.stores import opened
from bertcl_tui.read import Reader
from bertcl_tui.wording import count
from engine.errors import EngineError, UsageError
from engine.store.connection import DEFAULT_STORE
from engine.tasks.entry import SampleOrigin
from engine.tasks.hub import hub_answers
from engine.tasks.sources.sample_pack import SAMPLES, installed_file, sample_model_path
from engine.work.machine import ask_machine

Verdict = Literal["good", "note", "bad"]
"""note: something cannot be done like this, most can."""

_LIBRARIES: Final = (
    "bertcl-tui",
    "torch",
    "transformers",
    "datasets",
    "optuna",
    "sqlalchemy",
    "textual",
    "plotext",
)
_MARKS: Final[dict[Verdict, str]] = {"good": "✓", "note": "!", "bad": "✗"}
_LEAST_COLUMNS, _LEAST_LINES = 80, 24


class Finding(Struct, frozen=True):
    """What was found of one thing."""

    thing: str
    verdict: Verdict
    text: str


def doctor(*, store: Store = DEFAULT_STORE, json: Json = False) -> None:
    """Say what is there and what is missing: libraries, devices, store, samples, hub, terminal.

    The exit code is 1 where something is missing that all work needs.
    """
    findings = [*_libraries(), _devices(), _store(store), _samples(), _hub(), _terminal()]
    if json:
        print_json(findings)
    else:
        table = make_table(["", "", ""])
        table.show_header = False
        for finding in findings:
            table.add_row(_MARKS[finding.verdict], finding.thing, finding.text)
        print_text(table)
    if any(finding.verdict == "bad" for finding in findings):
        raise typer.Exit(1)


def _libraries() -> Iterator[Finding]:
    yield Finding("python", "good", f"{platform.python_version()} on {platform.platform()}")
    for name in _LIBRARIES:
        try:
            yield Finding(name, "good", version(name))
        except PackageNotFoundError:
            yield Finding(name, "bad", "not installed; pip install bertcl-tui")


def _devices() -> Finding:
    try:
        machine = ask_machine()
    except EngineError as error:
        return Finding("devices", "bad", str(error))
    gpus = [f"cuda:{index} {name}" for index, name in enumerate(machine.gpus)]
    return Finding(
        "devices",
        "good",
        ", ".join([count(machine.cores, "core"), *gpus]) + f"; auto takes {machine.device}",
    )


def _store(store: str) -> Finding:
    if not Reader(store).exists:
        return Finding("store", "note", f"none at {store} yet; a search makes it")
    try:
        with opened(store) as at:
            studies = len(at.reader.studies())
            return Finding("store", "good", f"{store}: {count(studies, 'study', 'studies')}")
    except EngineError as error:
        return Finding("store", "bad", str(error))


def _samples() -> Finding:
    try:
        sample_model_path()
        for task in SAMPLES:
            if isinstance(task.origin, SampleOrigin):
                installed_file(task.origin.distribution, task.origin.file)
    except UsageError as error:
        return Finding("sample pack", "note", str(error))
    return Finding("sample pack", "good", f"tasks {', '.join(task.name for task in SAMPLES)}")


def _hub() -> Finding:
    if hub_answers():
        return Finding("hub", "good", "answers")
    return Finding("hub", "note", "does not answer; use --data sample, a folder or what is cached")


def _terminal() -> Finding:
    if not sys.stdout.isatty():
        return Finding("terminal", "note", "stdout is none; the app needs one")
    columns, lines = shutil.get_terminal_size()
    shown = f"{os.environ.get('TERM', 'unknown')}, {columns}×{lines}, "
    shown += f"{Console().color_system or 'no'} colours, {sys.stdout.encoding}"
    if columns < _LEAST_COLUMNS or lines < _LEAST_LINES:
        least = f"{_LEAST_COLUMNS}×{_LEAST_LINES}"
        return Finding("terminal", "note", f"{shown}; the app wants at least {least}")
    if "utf" not in sys.stdout.encoding.lower():
        return Finding("terminal", "note", f"{shown}; the app wants UTF-8: export LANG=C.UTF-8")
    return Finding("terminal", "good", shown)
