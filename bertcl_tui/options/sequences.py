"""Typing a sequence: what a form starts with, what would come next, tasks put in or taken out."""

from collections.abc import Sequence

from engine.errors import UsageError
from engine.tasks.sources.sample import SAMPLES, SampleOrigin, installed_file, sample_model_path
from engine.tasks.subsets import counterpart, same_name, share_rows, split_name

_SAMPLE_SEARCH = {
    "sequence": "rotten-tomatoes:privacy-qa",
    "data": "sample",
    # About a minute a trial on two cores, and still real forgetting.
    "train_rows": "800",
    "eval_rows": "1000",
}


def completed(text: str, tasks: Sequence[str]) -> str | None:
    """Return ``text`` completed to the next task that it could have, if there is one.

    A part of a task is followed by the other part of its shift.
    """
    *earlier, begun = text.split(":")
    left = [task for task in tasks if not any(share_rows(task, name) for name in earlier)]
    if begun in left:
        # A single task is half a sequence; a pair is whole.
        others = [task for task in left if not share_rows(task, begun)]
        liked = sorted(others, key=lambda task: task != counterpart(begun))
        return None if earlier or not liked else f"{text}:{liked[0]}"
    liked = sorted(left, key=lambda task: task not in map(counterpart, earlier))
    return next(
        (text + task[len(begun) :] for task in liked if task.startswith(begun)),
        None,
    )


def toggled(text: str, task: str) -> str:
    """Return the sequence with the task at its end, or without it and its parts."""
    tasks = [name for part in text.split(":") if (name := part.strip())]
    others = [name for name in tasks if not _is_of(name, task)]
    return ":".join([*tasks, task] if others == tasks else others)


def places(text: str, task: str) -> tuple[int, ...]:
    """Return where the task or parts of it stand in a sequence, from 1."""
    names = [part.strip() for part in text.split(":")]
    return tuple(place for place, name in enumerate(names, 1) if _is_of(name, task))


def _is_of(name: str, task: str) -> bool:
    """Return whether a name is the task's, or that of a part of it."""
    return same_name(split_name(name)[0], task)


def first_texts() -> dict[str, str]:
    """Return a search on the sample pack where that is installed, else nothing."""
    try:
        sample_model_path()
        for task in SAMPLES:
            if isinstance(task.origin, SampleOrigin):
                installed_file(task.origin.distribution, task.origin.file)
    except UsageError:
        return {}
    return dict(_SAMPLE_SEARCH)
