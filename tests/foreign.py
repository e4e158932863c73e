"""Text as it comes from elsewhere, and what may be said of it."""

import os
from collections.abc import Callable

from hypothesis import strategies as st

from engine.errors import EngineError

NASTY = (
    "\x1b[2J",
    "\x1b]0;title\x07",
    "\x9b31m",
    "\r\nerror: all is well",
    "[red]not[/] [/closed",
    "a\tb",
    "\u202egnp",
    "~nobody-of-that-name/x",
    "~",
    "-1",
    "1e999",
    "nan",
    "9223372036854775808",
    "9" * 5000,
    "٣",
    "\N{NO-BREAK SPACE}",
    "a" * 300,
    "[" * 3000,
    "{}{0}%s%(a)s$HOME`id`",
    "'\"\\",
    "../..",
    "/dev/full/x",
    os.fsdecode(b"\xff\xfe"),
)
TEXTS = st.sampled_from(NASTY) | st.text(max_size=12)
"""Any text that a program can be given; half of it such as has been trouble before."""
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
"""What JSON and TOML can say."""


def complaint(work: Callable[[], object]) -> str:
    """Return the line that says why something cannot be done, empty where it can."""
    try:
        work()
    except EngineError as error:
        said = str(error)
        assert said.isprintable()
        assert 0 < len(said) <= 1000
        return said
    return ""


def mutated(draw: st.DrawFn, value: object) -> object:
    """Draw something like this value: here and there another one, or something lost or added."""
    if draw(st.integers(0, 9)) == 0:
        return draw(VALUES)
    if isinstance(value, dict):
        changed = {name: mutated(draw, part) for name, part in value.items()}
        if changed and draw(st.integers(0, 9)) == 0:
            del changed[draw(st.sampled_from(list(changed)))]
        if draw(st.integers(0, 19)) == 0:
            changed[draw(TEXTS)] = draw(VALUES)
        return changed
    if isinstance(value, list):
        return [mutated(draw, part) for part in value]
    return value
