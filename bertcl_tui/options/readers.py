"""An option as a field: how what was typed becomes a value, and how a sequence is typed."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from math import inf
from pathlib import Path

from msgspec import Struct

from engine.errors import UsageError, shown, unknown_name
from engine.profiles.profile import is_rate
from engine.spec import parse_sequence
from engine.spec.methods import METHODS
from engine.tasks.models import model_name
from engine.tasks.sources.sample import require_sample_pack
from engine.tasks.subsets import counterpart, same_name, share_rows, split_name

_NAME = re.compile(r"\w[\w.+:/-]*")
_TRIALS_AFTER_NAME = re.compile(r":[\d,-]*$")
_HUB_NAME = re.compile(r"\w[\w.-]*(/\w[\w.-]*)?")
_MOST = 2**31 - 1
"""What every library and every database takes for a whole number."""
_DEVICE = re.compile(r"auto|cpu|mps|cuda(:\d+)?")

_SPAN = re.compile(r"(\d{1,6})(?:-(\d{1,6}))?")
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)([smhdw])")
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}

_SAMPLE_SEARCH = {
    "sequence": "rotten-tomatoes:privacy-qa",
    "data": "sample",
    # About a minute a trial on two cores, and still real forgetting.
    "train_rows": "800",
    "eval_rows": "1000",
}


def sequence(text: str) -> tuple[str, ...]:
    """Read a sequence of tasks.

    Raises:
        UsageError: there is none, or it is none that can be learnt.
    """
    if not text:
        raise UsageError("no sequence yet; name two tasks, TASK:TASK")
    return parse_sequence(text)


def whole(what: str, *, least: int, example: int, most: int = _MOST) -> Callable[[str], int]:
    """Read whole numbers from ``least`` to ``most``."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise UsageError(
                f"{what} '{shown(text)}' is no whole number; write one like {example}"
            ) from None
        if number < least:
            raise UsageError(f"{what} is {number}; it must be at least {least}, like {example}")
        if number > most:
            raise UsageError(f"{what} is {shown(number, 24)}; it must be at most {most}")
        return number

    return read


def number(what: str, *, low: float, high: float, example: float) -> Callable[[str], float]:
    """Read numbers from ``low`` up to below ``high``."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise UsageError(
                f"{what} '{shown(text)}' is no number; write one like {example:g}"
            ) from None
        if not low <= value < high:
            below = "" if high == inf else f" and below {high:g}"
            raise UsageError(
                f"{what} is {value:g}; it must be at least {low:g}{below}, like {example:g}"
            )
        return value

    return read


def rate(text: str) -> float:
    """Read a learning rate.

    Raises:
        UsageError: it is no number above 0 and at most 1.
    """
    value = number("learning rate", low=0, high=inf, example=5e-5)(text)
    if not is_rate(value):
        raise UsageError(f"learning rate {text} must be above 0 and at most 1; write one like 2e-5")
    return value


def number_or(
    word: str, what: str, *, low: float, high: float, example: float
) -> Callable[[str], float | None]:
    """Read numbers as ``number`` does, and a word that stands for none."""
    read = number(what, low=low, high=high, example=example)
    return lambda text: None if text == word else read(text)


def age(text: str) -> float:
    """Read how long ago something is, such as ``30d``, in seconds.

    Raises:
        UsageError: it is no number with a unit.
    """
    return duration("age", text)


def duration(what: str, text: str) -> float:
    """Read how long something lasts, such as ``30d``, in seconds; ``what`` is what it is called.

    Raises:
        UsageError: it is no number with a unit.
    """
    match = _DURATION.fullmatch(text.strip().lower())
    if match is None:
        raise UsageError(f"{what} '{shown(text)}' is none; write one like 30d, 12h or 90m")
    return float(match[1]) * _SECONDS[match[2]]


def one_of(what: str, choices: Iterable[str]) -> Callable[[str], str]:
    """Read one of these words."""
    known = tuple(choices)

    def read(text: str) -> str:
        if text not in known:
            raise unknown_name(what, text, known)
        return text

    return read


def searched_method(searched: Collection[str]) -> Callable[[str], str]:
    """Read one of the methods whose options a search can choose."""
    read_searched = one_of("method", searched)

    def read(text: str) -> str:
        if text not in searched and any(entry.name == text for entry in METHODS):
            raise UsageError(
                f"method {text} is not searched for; search {', '.join(searched)}, or try "
                f"{text} with run or arena"
            )
        return read_searched(text)

    return read


def trial_numbers(text: str) -> tuple[int, ...]:
    """Read numbers of trials such as ``1,4,7-9``.

    Raises:
        UsageError: a span of trials runs backwards or is none.
    """
    numbers = [number for part in text.split(",") for number in _span(part.strip(), text)]
    return tuple(dict.fromkeys(numbers))


def _span(part: str, text: str) -> range:
    match = _SPAN.fullmatch(part)
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
    if first > last:
        raise UsageError(f"trials '{shown(text)}' cannot be read; write them like 1,4,7-9")
    return range(first, last + 1)


def study_name(text: str) -> str:
    """Read the name of a study; one that ends as ``:1,4`` would be mistaken for some of its trials.

    Raises:
        UsageError: it could not be told apart from something else on a command line.
    """
    if not _NAME.fullmatch(text):
        raise UsageError(f"name '{shown(text)}' may have letters, digits and . _ + - : / only")
    if _TRIALS_AFTER_NAME.search(text):
        raise UsageError(
            f"name '{shown(text)}' ends like a choice of trials; write one like first-try"
        )
    return text


def model(text: str) -> str:
    """Read a backbone: ``sample``, a local folder, or a hub name.

    Raises:
        UsageError: there is no such folder, or no model can be called so.
    """
    name = model_name(text)
    if name == text and not _HUB_NAME.fullmatch(text) and not text.startswith("/"):
        raise UsageError(f"'{shown(text)}' is no model; write a hub name like bert-base-uncased")
    return name


def device(text: str) -> str:
    """Read a device; whether this machine has it is for the worker to say.

    Raises:
        UsageError: no machine has such a device.
    """
    if not _DEVICE.fullmatch(text):
        raise UsageError(f"no device named '{shown(text)}'; use auto, cpu, cuda, cuda:1 or mps")
    return text


class Field(Struct, frozen=True):
    """What it is called, what it does, and how its text is read."""

    name: str
    label: str
    help: str
    """One sentence."""
    read: Callable[[str], object]
    """Raises UsageError for text that means nothing."""
    default: str = ""
    choices: Mapping[str, str] = {}
    """Each value with what it does; empty: any text that can be read."""
    long: bool = False
    """Whether its text is often long, and gets the room there is."""
    metavar: str = ""
    """What stands for the value in the help of a command; empty: the name."""
    files: tuple[str, ...] | None = None
    """How files end that it can be, beside folders; None: it is no path."""
    words: tuple[str, ...] = ()
    """What it can be instead of a path."""

    @property
    def flag(self) -> str:
        """How a command line calls it."""
        return f"--{self.name.replace('_', '-')}"

    def trouble(self, text: str) -> str | None:
        """Say in one line what is wrong with this text; empty text is the default."""
        if not text.strip():
            return None
        try:
            self.read(text.strip())
        except UsageError as error:
            return str(error)
        return None


def file_field(what: str, default: object) -> Field:
    """Return the field of a form that asks where a file goes."""
    return Field("path", "File", what, Path, str(default), long=True, files=("",))


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
        require_sample_pack()
    except UsageError:
        return {}
    return dict(_SAMPLE_SEARCH)
