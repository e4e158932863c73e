"""Errors for people: one line that says what is wrong, with which thing, and the way out."""

from typing import ClassVar


class EngineError(Exception):
    """Work could not be done. The message is one line, ready to be shown."""

    exit_code: ClassVar[int] = 1
    """What a process ends with that can do no more than say so."""


class UsageError(EngineError):
    """What was asked for cannot be done as asked; nothing was written.

    The message says what is wrong, with which thing, and what to do instead. Whoever runs a
    command or asks a process for something shows it as it is.
    """

    exit_code: ClassVar[int] = 2


class DeletedError(EngineError):
    """What an id stands for was deleted meanwhile; whoever has such an id drops it."""


def reason_of(error: OSError) -> str:
    """Return the reason of an error of the system, as part of a sentence: ``no such file …``."""
    return (error.strerror or str(error)).lower()
