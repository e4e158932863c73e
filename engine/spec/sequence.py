"""The sequence: the tasks learnt one after another, written ``sst2:mrpc``."""

from collections.abc import Sequence

from engine.errors import UsageError


def parse_sequence(text: str) -> tuple[str, ...]:
    """Read ``taskA:taskB[:taskC…]``; whether the tasks exist is for the catalog to say.

    Raises:
        UsageError: fewer than two tasks, an empty name, or a task that comes twice.
    """
    names = tuple(name.strip() for name in text.split(":"))
    if not all(names):
        raise UsageError(f"sequence '{text}' has an empty task name; write it like TASK:TASK")
    if len(names) < 2:  # noqa: PLR2004 - a sequence is at least a pair
        raise UsageError(
            f"sequence '{text}' has one task, and forgetting needs two; write it like {text}:TASK"
        )
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"sequence '{text}' has task '{name}' twice; each task is learnt once")
    return names


def sequence_name(tasks: Sequence[str]) -> str:
    """Write the sequence of these tasks."""
    return ":".join(tasks)
