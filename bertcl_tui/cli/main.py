"""From the words of a command line to an exit code. Light: the app's first frame waits for it."""

import os
import sys
from collections.abc import Sequence

from bertcl_tui.cli.shell import COMPLETING
from engine.errors import EngineError, UsageError

FAILED, WRONG = 1, 2


def main() -> int:
    """Run what the process was asked for; the console script ``bertcl-tui``."""
    return run(sys.argv[1:])


def run(arguments: Sequence[str]) -> int:
    """Run a command, or the app where there is none.

    Returns:
        0 where it was done, 2 where it was asked wrongly, 1 where it failed; whatever kept it from
        being done stands on stderr in one line.
    """
    try:
        if arguments or COMPLETING in os.environ:
            from bertcl_tui.cli.commands import run_command

            return run_command(arguments)
        from bertcl_tui.cli.opening import open_app

        return open_app()
    except UsageError as error:
        return _complain(error, WRONG)
    except EngineError as error:
        return _complain(error, FAILED)


def _complain(error: EngineError, code: int) -> int:
    sys.stderr.write(f"error: {error}\n")
    return code
