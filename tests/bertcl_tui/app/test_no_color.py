"""NO_COLOR, on a terminal that is one: what is sent has no colour, and all of the text."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from contextlib import nullcontext
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SGR = re.compile(rb"\x1b\[([0-9;:]*)m")
PATIENCE = 120.0


def _session(store: Path, errors: Path | None = None, **variables: str) -> bytes:
    """Return all that the app sends to a terminal until its rows are there, and it is left.

    Args:
        store: whose rows.
        errors: a file that stderr goes to; None: the terminal.
        variables: of the environment.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    kept = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    config = store.with_name("config.toml")
    config.write_text("warm = false\n")  # no libraries for workers: none is started
    env = {**kept, "TERM": "xterm-256color", "COLORTERM": "truecolor", **variables}
    env["BERTCL_CONFIG"] = str(config)
    command = [sys.executable, "-m", "bertcl_tui", "--store", str(store)]
    with errors.open("wb") if errors else nullcontext(theirs) as stderr:
        app = subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=stderr, env=env, cwd=ROOT
        )
    os.close(theirs)
    sent, asked = b"", False
    deadline = time.monotonic() + PATIENCE
    try:
        while time.monotonic() < deadline:
            ready, _, _ = select.select([ours], [], [], 1.0)
            try:
                sent += os.read(ours, 1 << 16) if ready else b""
            except OSError:  # the app has left
                break
            if not asked and b"complete" in sent and b"p_o" in sent:
                os.write(ours, b"q")
                asked = True
            if app.poll() is not None and not ready:
                break
            if asked and b"leave, and let workers" in sent:
                os.write(ours, b"l")
    finally:
        app.kill()
        app.wait()
        os.close(ours)
    assert asked, sent[-2000:]
    return sent


def _colours(sent: bytes) -> set[int]:
    codes = {
        int(code)
        for parameters in SGR.findall(sent)
        for code in re.split(rb"[;:]", parameters)[:1]
        if code
    }
    return {code for code in codes if 30 <= code <= 48 or 90 <= code <= 107}


@pytest.mark.process
def test_no_colour_is_sent_where_none_is_wanted(store: Path) -> None:
    sent = _session(store, NO_COLOR="1")
    assert _colours(sent) - {39, 49} == set()
    assert not re.search(rb"\x1b\[[0-9;]*[34]8[;:][25]", sent)


@pytest.mark.process
def test_colours_are_sent_elsewhere_and_nothing_to_a_file_of_errors(
    store: Path, tmp_path: Path
) -> None:
    errors = tmp_path / "errors.txt"
    assert re.search(rb"\x1b\[[0-9;]*[34]8[;:]2", _session(store, errors))
    assert errors.read_bytes() == b""
