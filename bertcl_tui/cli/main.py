"""From the words of a command line to an exit code. Light: the app's first frame waits for it."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from io import StringIO, TextIOWrapper
from typing import Final

from engine.errors import EngineError, UsageError, shown

FAILED, WRONG = 1, 2
_COMPLETING: Final = "_BERTCL_TUI_COMPLETE"
"""Set by a shell that asks what could come next; it names the shell."""
_WORDS, _PLACE = "COMP_WORDS", "COMP_CWORD"
_COLON: Final = ":"
_STORE: Final = "--store"


def main() -> int:
    """Run what the process was asked for; the console script ``bertcl-tui``."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal need not know every letter
    return run(sys.argv[1:])


def run(arguments: Sequence[str]) -> int:
    """Run a command, or the app where there is none.

    Returns:
        0 where it was done, 2 where it was asked wrongly, 1 where it failed; whatever kept it from
        being done stands on stderr in one line.
    """
    try:
        _refuse_bytes(arguments)
        if _COMPLETING in os.environ or not _opens_app(arguments):
            from bertcl_tui.cli.commands import run_command

            with _whole_words():
                return run_command(arguments)
        from bertcl_tui.cli.opening import open_app

        return open_app(arguments[-1].removeprefix(f"{_STORE}=") if arguments else None)
    except UsageError as error:
        return _complain(error, WRONG)
    except EngineError as error:
        return _complain(error, FAILED)


def _refuse_bytes(arguments: Sequence[str]) -> None:
    """Refuse what is no text: neither a store nor a file of ours can hold it."""
    for word in arguments:
        try:
            word.encode()
        except UnicodeEncodeError:
            raise UsageError(f"'{shown(word)}' is not UTF-8; rename it, or write it so") from None


def _opens_app(arguments: Sequence[str]) -> bool:
    """Tell whether nothing is asked for but the app, so that no command has to be looked up."""
    match arguments:
        case []:
            return True
        case [option]:
            return option.startswith(f"{_STORE}=") and option != f"{_STORE}="
        case [option, store]:
            return option == _STORE and store != ""
    return False


def _complain(error: EngineError, code: int) -> int:
    sys.stderr.write(f"error: {error}\n")
    return code


@contextmanager
def _whole_words() -> Iterator[None]:
    """Put words together again that bash has taken apart at colons, and answer with the last part.

    Bash keeps what stands before the last colon by itself.
    """
    typed = os.environ.get(_WORDS)
    if os.environ.get(_COMPLETING) != "complete_bash" or typed is None:
        yield
        return
    place = int(os.environ.get(_PLACE, "0"))
    words = _joined(typed.split("\n")[: place + 1])
    os.environ[_WORDS], os.environ[_PLACE] = "\n".join(words), str(len(words) - 1)
    kept = words[-1].rfind(_COLON) + 1 if len(words) <= place else 0
    answer = StringIO()
    try:
        with redirect_stdout(answer):
            yield
    finally:
        sys.stdout.writelines(line[kept:] for line in answer.getvalue().splitlines(keepends=True))


def _joined(typed: list[str]) -> list[str]:
    joined: list[str] = []
    for word in typed:
        if joined and (word == _COLON or joined[-1].endswith(_COLON)):
            joined[-1] += word
        else:
            joined.append(word)
    return joined
