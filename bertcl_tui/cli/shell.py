"""How a shell asks what could come next. Light: the app's first frame waits for it."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from typing import Final

COMPLETING: Final = "_BERTCL_TUI_COMPLETE"
"""Set by a shell that asks; it names the shell."""
_WORDS, _PLACE = "COMP_WORDS", "COMP_CWORD"
_MARK: Final = ":"


@contextmanager
def whole_words() -> Iterator[None]:
    """Put words together again that bash has taken apart at colons, and answer with the last part.

    Bash keeps what stands before the last colon by itself.
    """
    said = os.environ.get(_WORDS)
    if os.environ.get(COMPLETING) != "complete_bash" or said is None:
        yield
        return
    place = int(os.environ.get(_PLACE, "0"))
    words = _joined(said.split("\n")[: place + 1])
    os.environ[_WORDS], os.environ[_PLACE] = "\n".join(words), str(len(words) - 1)
    kept = words[-1].rfind(_MARK) + 1 if len(words) <= place else 0
    answer = StringIO()
    try:
        with redirect_stdout(answer):
            yield
    finally:
        sys.stdout.writelines(line[kept:] for line in answer.getvalue().splitlines(keepends=True))


def _joined(said: list[str]) -> list[str]:
    joined: list[str] = []
    for word in said:
        if joined and (word == _MARK or joined[-1].endswith(_MARK)):
            joined[-1] += word
        else:
            joined.append(word)
    return joined
