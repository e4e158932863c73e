"""What a trainer is to an export: what it asks for, writes, and reads back."""

import json
import re
from collections.abc import Callable, Sequence
from textwrap import dedent
from typing import Literal

from msgspec import Struct

from engine.errors import UsageError, shown
from engine.profiles import Profile
from engine.trainers.patterns import Pattern, make_patterns

PUBLISHED = "published"
"""The paper's profile, by the name under which people ask for it."""
_ROOM = 400
"""Letters of a title."""
Head = Literal["none", "causal"]
"""What stands on the backbone in a trainer: nothing, or the prediction of the next token."""


class Request(Struct, frozen=True, kw_only=True):
    """A profile that shall be written for a trainer."""

    profile: Profile
    """For the depth of the model."""
    source: str
    """Where a script finds it: the path of its file, or ``published``."""
    carried: bool = False
    """Whether it was carried over to the model's depth, so that a script must do that too."""
    model: str
    """A hub name or a folder, as a script names it."""
    names: tuple[str, ...] = ()
    """Of all parameters, as the trainer names them; for those trainers alone that read patterns."""
    head_names: tuple[str, ...] = ()
    """The model's own head modules."""

    def patterns(self, below: str = "") -> tuple[Pattern, ...]:
        """Return a pattern for every choice that has a parameter, embeddings first.

        Args:
            below: a regular expression for what names begin with in the trainer.

        Raises:
            UsageError: a parameter's place is not certain.
        """
        return make_patterns(self.names, self.profile, head_names=self.head_names, below=below)

    @property
    def title(self) -> str:
        """What the file says of itself in its first line; it can end no string of Python."""
        rates = f"The learning rates of '{self.profile.name}' for {self.model}"
        if self.profile.first_lr is not None:
            rates += f", to learn a next task after one that was learnt at {self.profile.first_lr}"
        return shown(f"{rates}.", _ROOM).replace("\\", "/").replace('"', "'")

    def script(self, template: str) -> str:
        """Return a script that reads the profile itself.

        Args:
            template: its text, with ``{imports}`` from engine.profiles, ``{profile}`` (an
                expression), ``{model}``, ``{heads}`` (a further argument, or nothing) and
                ``{rate}``, that of the heads.
        """
        read, needed = f"read_profile({_text(self.source)})", ["read_profile"]
        if self.source == PUBLISHED:
            read, needed = "published_profile()", ["published_profile"]
        if self.carried:
            read, needed = (
                f"transfer({read}, {self.profile.backbone.layers})",
                [*needed, "transfer"],
            )
        heads = ", ".join(map(_text, self.head_names))
        filled = dedent(template).format(
            imports=f"from engine.profiles import {', '.join(sorted(needed))}",
            profile=read,
            model=_text(self.model),
            heads=f", head_names=[{heads}]" if heads else "",
            rate=repr(self.profile.learning_rates[-1]),
        )
        return f'"""{self.title}"""\n\n{filled.lstrip()}'


def _text(value: str) -> str:
    """Write a text as Python does, in double quotation marks."""
    return json.dumps(value)


class Rules(Struct, frozen=True, kw_only=True):
    """What a trainer's file says of rates, in the order in which the trainer asks it."""

    patterns: tuple[tuple[str, float], ...]
    """Regular expressions, searched in a parameter's name, with the rate; the first that fits."""
    otherwise: float | None = None
    """The rate of what none of them fits."""
    below: tuple[str, ...] = ("",)
    """What names may begin with in the trainer, before those that transformers gives."""
    unsaid: str | None = None
    """What of the names has a rate that the trainer leaves no choice about."""

    def rate_of(self, name: str) -> float | None:
        """Return a parameter's rate; None: the file does not say it.

        Raises:
            UsageError: a pattern is no regular expression.
        """
        if self.unsaid is not None and re.search(self.unsaid, name):
            return None
        for pattern, lr in self.patterns:
            if any(_is_found(pattern, f"{below}{name}") for below in self.below):
                return lr
        return self.otherwise


def _is_found(pattern: str, name: str) -> bool:
    try:
        return re.search(pattern, name) is not None
    except re.error as error:
        raise UsageError(
            f"pattern '{shown(pattern)}' is no regular expression: {error}; mend it"
        ) from None


class Tool(Struct, frozen=True, kw_only=True):
    """A trainer that a profile can be written for."""

    name: str
    """As people ask for it: ``hf-trainer``."""
    suffix: str
    """Of what is written: ``.py``, ``.json`` or ``.yaml``."""
    what: str
    """What is written, in a few words."""
    write: Callable[[Request], str]
    head: Head | None = None
    """What stands on the backbone there, where names of parameters are needed; None: none are."""
    own_names: Callable[[Sequence[str]], tuple[str, ...]] = tuple
    """From the names that transformers gives the parameters to the trainer's own."""
    own_head: str = ""
    """What the trainer calls its head, where that is none of the usual names."""
    read: Callable[[str], Rules] | None = None
    """From the text of a file to what it says; None: such a file names no rates."""

    def heads(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return the trainer's own name of the head, where a model has one."""
        has_head = any(name.startswith(f"{self.own_head}.") for name in names)
        return (self.own_head,) if self.own_head and has_head else ()
