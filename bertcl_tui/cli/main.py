"""From the words of a command line to an exit code. Light: the app's first frame waits for it."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from io import StringIO, TextIOWrapper
from typing import Final, TextIO

from engine.errors import EngineError, UsageError, reason_of, shown

FAILED, WRONG = 1, 2
_STDOUT, _STDERR = 1, 2
_INTERRUPTED: Final = 130
"""As a shell says that Ctrl-C ended something."""
_COMPLETING: Final = "_BERTCL_TUI_COMPLETE"
"""Set by a shell that asks what could come next; it names the shell."""
_WORDS, _PLACE = "COMP_WORDS", "COMP_CWORD"
_COLON: Final = ":"
_STORE: Final = "--store"
_STORE_VARIABLE: Final = "BERTCL_STORE"
"""As ``parameters.STORE_VARIABLE``, which is loaded with typer."""


def main() -> int:
    """Run what the process was asked for; the console script ``bertcl-tui``."""
    _open_missing_streams()
    sys.stdout = _Output(sys.stdout)
    code = run(sys.argv[1:])
    try:
        sys.stdout.flush()
    except OutputError as error:
        code = code or _complain(error, FAILED)
        os.dup2(os.open(os.devnull, os.O_WRONLY), _STDOUT)  # what is left of it leads nowhere
    return code


class OutputError(EngineError):
    """The answer cannot be written where it was to go."""


class _Output(TextIOWrapper):
    """Stdout on a terminal that need not know every letter, or in a file that may be full."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(
            open(_STDOUT, "wb", closefd=False),  # noqa: SIM115 - closed with this one
            encoding=stream.encoding,
            errors="backslashreplace",
            line_buffering=stream.isatty(),
        )

    def write(self, text: str, /) -> int:
        with _plain_errors():
            return super().write(text)

    def flush(self) -> None:
        with _plain_errors():
            super().flush()


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Say in one line why nothing can be written; a reader that goes away knows it."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"stdout cannot be written: {reason_of(error)}") from None


def _open_missing_streams() -> None:
    """Let the streams that a shell has closed lead nowhere: no file must get their numbers."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= _STDERR:
        pass
    os.close(number)
    sys.stdin = sys.stdin or open(0, closefd=False)  # noqa: SIM115
    sys.stdout = sys.stdout or open(_STDOUT, "w", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(_STDERR, "w", closefd=False)  # noqa: SIM115


def run(arguments: Sequence[str]) -> int:
    """Run a command, or the app where there is none.

    Returns:
        0 where it was done, 2 where it was asked wrongly, 1 where it failed; whatever kept it from
        being done stands on stderr in one line.
    """
    try:
        _refuse_windows(sys.platform)
        _refuse_bytes(arguments)
        if _COMPLETING in os.environ or not _opens_app(arguments):
            from bertcl_tui.cli.calling import run_command

            with _whole_words():
                return run_command(arguments)
        from bertcl_tui.app import open_app

        named = arguments[-1].removeprefix(f"{_STORE}=") if arguments else None
        return open_app(named or os.environ.get(_STORE_VARIABLE) or None)
    except UsageError as error:
        return _complain(error, WRONG)
    except EngineError as error:
        return _complain(error, FAILED)
    except KeyboardInterrupt:  # where nothing is under way yet that would have to be paused
        return _INTERRUPTED


def _refuse_windows(platform: str) -> None:
    """Refuse a system without the signals and rights that workers rely on."""
    if platform == "win32":
        raise UsageError("Windows is not supported; run bertcl-tui in WSL, on Linux or on macOS")


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
