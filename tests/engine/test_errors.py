import errno
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import EngineError, UsageError, reason_of, shown


@pytest.mark.parametrize(
    ("text", "as_shown"),
    [
        ("grüße 😀 'x' \\n", "grüße 😀 'x' \\n"),
        ("\x1b[2J", r"\x1b[2J"),
        ("a\r\nb\tc", r"a\r\nb\tc"),
        ("\x9b2J\x7f", r"\x9b2J\x7f"),
        (os.fsdecode(b"\xff.csv"), r"\udcff.csv"),
        ("left\u202eright", r"left\u202eright"),
    ],
)
def test_what_is_no_letter_is_escaped_and_letters_are_left(text: str, as_shown: str) -> None:
    assert shown(text) == as_shown


@given(st.text(), st.integers(3, 60))
def test_foreign_text_is_printable_and_no_longer_than_its_room_but_for_escapes(
    text: str, room: int
) -> None:
    assert shown(text, room).isprintable()
    assert len(shown(text.encode("ascii", "ignore").hex(), room)) <= room


def test_a_long_text_keeps_both_ends() -> None:
    assert shown(f"/data/{'a' * 10**7}/train.csv", 20) == "/data/aaaaaa…ain.csv"


def test_no_message_reaches_a_terminal_with_a_code_in_it_or_as_two_lines() -> None:
    assert str(UsageError("no task '\x1b]0;owned\x07'\nerror: all is well")) == (
        r"no task '\x1b]0;owned\x07'\nerror: all is well"
    )
    assert len(str(EngineError("a" * 10**7))) == 1000


def test_the_reason_of_a_system_error_is_part_of_a_sentence() -> None:
    assert reason_of(OSError(errno.ENAMETOOLONG, "File name too long")) == "file name too long"
    assert reason_of(OSError("\x1b oops")) == r"\x1b oops"
