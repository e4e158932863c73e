"""Doctor: whether everything is there, and what to do about what is not."""

from typing import Literal

from msgspec import Struct

Verdict = Literal["good", "note", "bad"]
"""note: something cannot be done like this, most can."""


class Finding(Struct, frozen=True):
    """What was found of one thing."""

    thing: str
    verdict: Verdict
    text: str
    """What is so; where it is not good, with the way out."""
