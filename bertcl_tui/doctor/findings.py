"""The machine, the terminal and the settings: whether the app runs and reads well here."""

import os
import platform
import shutil
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from msgspec import Struct
from rich.console import Console

from bertcl_tui.doctor import Finding
from bertcl_tui.settings import read_settings
from bertcl_tui.style.wording import count
from engine.errors import EngineError, UsageError, shown
from engine.tasks.hub_access import hub_answers
from engine.tasks.sources.sample import SAMPLES, require_sample_pack
from engine.work.ask import ask_machine
from engine.work.machine import torch_knows_cuda

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
            yield Finding(name, "bad", "not installed; pip install bertcl-tui")


def find_devices() -> Finding:
    """Look for what torch can learn on. Takes seconds: a process of its own loads torch."""
    try:
        machine = ask_machine()
    except EngineError as error:
        return Finding("devices", "bad", str(error))
    gpus = [f"cuda:{index} {name}" for index, name in enumerate(machine.gpus)]
    found = ", ".join([count(machine.cores, "core"), *gpus]) + f"; auto takes {machine.device}"
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
        return Finding("settings", "good", f"all as it comes; {file} would have others")
    try:
        settings = read_settings(file)
        check_settings(settings)
    except UsageError as error:
        text = str(error).removeprefix(f"settings {file}: ")
        return Finding("settings", "note", f"{file}: {text}; mend it with bertcl-tui config edit")
    changed = sum(item.changed for item in all_named(settings))
    return Finding("settings", "good", f"{file}: {count(changed, 'setting')} changed")
