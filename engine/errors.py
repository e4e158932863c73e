"""Errors for people: one line that says what is wrong, with which thing, and the way out."""


class EngineError(Exception):
    """Work could not be done. The message is one line, ready to be shown (exit code 1)."""


class UsageError(EngineError):
    """What was asked for cannot be done as asked; nothing was written (exit code 2)."""
