"""The table of commands says what they say of themselves, and loads none but the one called."""

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from inspect import getdoc, signature
from pathlib import Path

import pytest

from bertcl_tui.cli.calling import function_of
from bertcl_tui.cli.commands import COMMANDS, Command
from bertcl_tui.cli.parameters import STORE_VARIABLE
from tests.bertcl_tui.cli.conftest import Ask

ROOT = Path(__file__).parents[3]


def _with_parts(commands: Iterable[Command]) -> Iterator[Command]:
    for command in commands:
        yield command
        yield from _with_parts(command.parts)


EVERY = list(_with_parts(COMMANDS))
MODULES = {f"bertcl_tui.cli.{command.function.split(':')[0]}" for command in EVERY}
LOADED = """
import sys
from bertcl_tui.cli import main

try:
    main()
finally:
    sys.stderr.write(" ".join(sys.modules))
"""
OPENED = """
import sys
from bertcl_tui.app.app import BertclApp
import bertcl_tui.app
from bertcl_tui.cli import main

async def leave(pilot):
    await pilot.pause()
    assert pilot.app.screen.query("KeyBar")
    stores.append(pilot.app.reader.store)
    pilot.app.exit()

opened, said, stores, lines = BertclApp.run, sys.__stderr__, [], sys.argv[1:]
bertcl_tui.app.has_terminal = lambda: True
BertclApp.run = lambda app: opened(app, headless=True, size=(80, 24), auto_pilot=leave)
for line in lines:
    sys.argv[1:] = line.split()
    try:
        main()
    except SystemExit as end:
        assert not end.code
print(*stores, *sys.modules, file=said)
"""
"""Opens the app with the words of each line, and says of which stores."""


def loaded(folder: Path, program: str, *words: str, **shell: str) -> list[str]:
    """Return what the program wrote to stderr: the modules it has loaded."""
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "XDG_CONFIG_HOME": str(folder), **shell},
    )
    return done.stderr.split()


@pytest.mark.parametrize("command", EVERY, ids=lambda command: command.example.split(" -")[0])
def test_the_help_line_is_the_first_line_of_the_command(command: Command) -> None:
    text = getdoc(function_of(command))
    assert text is not None
    assert text.splitlines()[0] == command.help


def test_who_starts_workers_for_a_study_says_how_many_trials_each_learns() -> None:
    named = {command.name: signature(function_of(command)).parameters for command in COMMANDS}
    starting = {name for name, parameters in named.items() if "slots" in parameters}
    assert starting - {name for name, given in named.items() if "stack" in given} == {"confirm"}


@pytest.mark.process
@pytest.mark.parametrize("words", [["-h"], ["--version"]])
def test_help_and_version_load_no_command(here: Path, words: list[str]) -> None:
    modules = set(loaded(here, LOADED, *words))
    unwanted = {"sqlalchemy", "textual", "plotext", "numpy", "torch", "transformers", "optuna"}
    assert not modules & (MODULES | unwanted | {"datasets"})


@pytest.mark.process
def test_completing_a_command_loads_none(here: Path) -> None:
    shell = {
        "_BERTCL_TUI_COMPLETE": "complete_fish",
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
        "_TYPER_COMPLETE_ARGS": "bertcl-tui s",
    }
    assert not set(loaded(here, LOADED, **shell)) & (MODULES | {"sqlalchemy", "textual"})


@pytest.mark.process
def test_help_shows_the_store_that_is_named_without_its_password(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BERTCL_STORE", "postgresql+psycopg://me:hunter2@host/name")
    monkeypatch.setenv("COLUMNS", "200")
    answer = ask("studies", "--help")
    assert "postgresql+psycopg://me:***@host/name" in answer.out
    assert "hunter2" not in answer.out


@pytest.mark.parametrize(
    ("words", "name"),
    [(["log", "--help"], "log"), (["config", "path"], "config")],
)
def test_a_command_loads_no_other(here: Path, words: list[str], name: str) -> None:
    assert set(loaded(here, LOADED, *words)) & MODULES == {f"bertcl_tui.cli.{name}"}


@pytest.mark.process
def test_the_first_frame_loads_no_command_whatever_store_is_typed(here: Path) -> None:
    usual, typed, *modules = loaded(here, OPENED, "", "--store=mine.db")
    assert (usual, typed) == ("studies.db", "mine.db")
    unwanted = MODULES | {"sqlalchemy", "typer", "bertcl_tui.cli.commands"}
    assert set(modules) & unwanted == set()


@pytest.mark.parametrize(
    ("words", "store"),
    [
        (["studies"], "of-all.db"),
        (["--store", "typed.db", "studies"], "typed.db"),
        (["studies", "--store", "typed.db"], "typed.db"),
    ],
)
def test_the_environment_names_a_store_where_nobody_types_one(
    ask: Ask, here: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], store: str
) -> None:
    monkeypatch.setenv(STORE_VARIABLE, "of-all.db")
    assert ask(*words).err.startswith(f"error: no store at {here / store};")


@pytest.mark.process
def test_the_app_opens_the_store_that_the_environment_names(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(STORE_VARIABLE, "of-all.db")
    assert loaded(here, OPENED, "", "--store typed.db")[:2] == ["of-all.db", "typed.db"]
