"""What a real process does: exit codes, data and narration apart, nothing heavy loaded."""

import json
import os
import pty
import subprocess
import sys
import time
from pathlib import Path
from subprocess import CompletedProcess
from typing import IO

import pytest

from tests.recorded import LIVE

PROGRAM = Path(sys.executable).with_name("bertcl-tui")
HEAVY = {"torch", "transformers", "datasets", "optuna", "textual"}
PATIENCE = 60.0

pytestmark = [pytest.mark.process, pytest.mark.usefixtures("forked")]


def call(*words: object, out: int | IO[str] = subprocess.PIPE) -> "CompletedProcess[str]":
    return subprocess.run(
        [PROGRAM, *map(str, words)],
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )


def loaded_after(code: str) -> set[str]:
    """Return the libraries that some code loads in a process of its own."""
    told = f"{code}\nimport sys\nsys.stderr.write(' '.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", told], stdin=subprocess.DEVNULL, capture_output=True, check=True
    )
    return set(done.stderr.decode().split())


def test_data_and_narration_are_apart(store: Path) -> None:
    done = call("combine", LIVE, "--store", store, "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["format"] == "bertcl-profile"
    assert "left out of" in done.stderr


def test_wrong_use_is_exit_code_2_and_one_line(store: Path) -> None:
    done = call("show", LIVE, "99", "--store", store)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (f"error: study '{LIVE}' has no trial 99; see bertcl-tui trials {LIVE}\n")


def test_a_reader_that_goes_away_is_no_trouble(store: Path) -> None:
    line = f"{PROGRAM} trials {LIVE} --store {store} --json | head -1"
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("[\n", "")


FULL = "error: stdout cannot be written: no space left on device\n"


@pytest.mark.as_typed
@pytest.mark.parametrize(
    ("words", "streams", "said"),
    [
        ("config path", ">&-", ""),
        ("studies", "<&- >&- 2>&-", ""),
        ("--help", ">/dev/full", FULL),
    ],
)
def test_a_stream_that_is_closed_or_full_is_one_line_at_most(
    store: Path, words: str, streams: str, said: str
) -> None:
    line = f"{PROGRAM} {words} {f'--store {store}' if words == 'studies' else ''} {streams}"
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1 if said else 0, said)


def test_what_is_printed_or_written_as_data_says_that_there_is_no_room(store: Path) -> None:
    for words in (["studies"], ["studies", "--json"]):
        with Path("/dev/full").open("w") as full:
            done = call(*words, "--store", store, out=full)
        assert (done.returncode, done.stderr) == (1, FULL)


def test_commands_load_nothing_heavy(store: Path) -> None:
    commands = ("studies", f"trials {LIVE}", f"show {LIVE} 0", "explain 1", f"combine {LIVE}")
    said = [[*words.split(), "--store", str(store), "--json"] for words in (*commands, "workers")]
    loaded = loaded_after(
        f"from bertcl_tui.cli import run\nfor words in {said}: assert run(words) == 0"
    )
    assert not HEAVY & loaded


def test_the_way_to_the_app_loads_no_command() -> None:
    loaded = loaded_after("from bertcl_tui.cli import run\nassert run([]) == 2")
    assert not (HEAVY | {"typer", "rich", "sqlalchemy", "msgspec"}) & loaded


@pytest.mark.as_typed
def test_alone_it_opens_the_app_and_q_leaves_it(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [PROGRAM],
        cwd=tmp_path,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    try:
        _read_until(ours, b"bertcl")
        os.write(ours, b"q")
        _drain(ours)
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def test_a_terminal_whose_cursor_cannot_move_is_refused(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [PROGRAM],
        cwd=tmp_path,
        env={**os.environ, "TERM": "dumb"},
        stdin=theirs,
        stdout=theirs,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(theirs)
    os.close(ours)
    said = "error: the app needs a terminal whose cursor moves, and TERM says dumb; set it\n"
    assert (done.returncode, done.stderr) == (2, said)


def _read_until(terminal: int, text: bytes) -> None:
    seen, deadline = b"", time.monotonic() + PATIENCE
    while text not in seen:
        assert time.monotonic() < deadline, f"{text!r} never came: {seen[-500:]!r}"
        seen += os.read(terminal, 4096)


def _drain(terminal: int) -> None:
    """Read what still comes: a program cannot end while nobody takes what it writes."""
    try:
        while os.read(terminal, 4096):
            pass
    except OSError:
        return  # how Linux says that the other side is closed


INTERRUPTED_WHILE_LOADING = """
import signal, sys
from bertcl_tui.cli.main import run

class Loading:
    def find_spec(self, *_):
        signal.raise_signal(signal.SIGINT)

sys.meta_path.insert(0, Loading())
sys.exit(run(["studies"]))
"""


def test_an_interrupt_before_anything_is_under_way_is_the_end_and_no_more() -> None:
    words = [sys.executable, "-c", INTERRUPTED_WHILE_LOADING]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
