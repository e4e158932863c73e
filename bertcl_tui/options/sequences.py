"""Typing a sequence: what would come next, and tasks put in or taken out."""

from collections.abc import Sequence


def completed(text: str, tasks: Sequence[str]) -> str | None:
    """Return ``text`` completed to the next task that is not in it yet, if there is one."""
    *earlier, begun = text.split(":")
    left = [task for task in tasks if task not in earlier]
    if begun in left:
        # A single task is half a sequence; a pair is whole.
        others = [task for task in left if task != begun]
        return None if earlier or not others else f"{text}:{others[0]}"
    return next(
        (text + task[len(begun) :] for task in left if task.startswith(begun)),
        None,
    )


def toggled(text: str, task: str) -> str:
    """Return the sequence with the task at its end, or without it where it was in."""
    tasks = [name for part in text.split(":") if (name := part.strip())]
    kept = [name for name in tasks if name != task]
    return ":".join(kept if task in tasks else [*tasks, task])
