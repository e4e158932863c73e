"""Record what docs/evidence.md shows: ``python -m assets.record [PART …] [--minutes N]``.

Each part is one command of the product, which is printed before it is run: whoever types it gets
the same. What is there stays and what was begun goes on, so that hours of learning can be had in
pieces: after ``--minutes`` (or Ctrl-C) a part is paused as a person would pause it, and the same
call goes on. What was recorded so far may be kept (``python -m assets.recorded``), where
``KEPT`` says; where there is no store yet, a copy of that is gone on with.
"""

import argparse
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from engine.errors import unknown_name

PLANS: Final = Path(__file__).parent / "plans"
PARTS: Final = ("pairs", "five-tasks", "glue")
"""Plans, in the order in which they are recorded."""
KEPT: Final = Path(__file__).with_name("recording.db")
INTERRUPTED: Final = 130
"""The exit code of a command that was paused by Ctrl-C."""


def command_of(part: str, store: str, slots: int) -> list[str]:
    """Return the arguments of ``bertcl-tui`` that record a part, from the repository's root."""
    plan = PLANS.relative_to(Path(__file__).resolve().parent.parent) / f"{part}.toml"
    return ["arena", "--plan", str(plan), "--store", store, "--slots", str(slots)]


def record(commands: Sequence[Sequence[str]], minutes: float | None = None) -> int:
    """Run one command after the other; return the exit code of the first that did not end well.

    Args:
        commands: arguments of ``bertcl-tui``.
        minutes: after which the one at work is paused; None: never.
    """
    until = None if minutes is None else time.monotonic() + 60 * minutes
    # In the background of a shell it is ignored, and so it would be by commands that are begun.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for arguments in commands:
        print("$", shlex.join(["bertcl-tui", *arguments]), flush=True)  # noqa: T201 - its output
        left = None if until is None else until - time.monotonic()
        if left is not None and left <= 0:
            return INTERRUPTED
        if code := _run([sys.executable, "-m", "bertcl_tui", *arguments], left):
            return code
    return 0


def _run(command: Sequence[str], seconds: float | None) -> int:
    """Run a command; pause it when its time is over, or when a person says so."""
    with subprocess.Popen(command) as process:  # noqa: S603 - our own program
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
        except KeyboardInterrupt:
            pass  # The terminal has told the command, too.
        while process.poll() is None:
            with suppress(KeyboardInterrupt):
                process.wait()
    return process.returncode


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Record what docs/evidence.md shows.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--store", default="recording.db")
    parser.add_argument("--slots", type=int, default=2, help="workers; 2 by default")
    parser.add_argument("--minutes", type=float, help="pause after so many; default: never")
    asked = parser.parse_args()
    if unknown := set(asked.parts) - set(PARTS):
        parser.error(str(unknown_name("part", min(unknown), PARTS)))
    if KEPT.exists() and not Path(asked.store).exists():
        shutil.copy(KEPT, asked.store)
    commands = [command_of(part, asked.store, asked.slots) for part in asked.parts or PARTS]
    sys.exit(record(commands, asked.minutes))


if __name__ == "__main__":
    main()
