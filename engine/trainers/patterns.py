"""Regular expressions that give every parameter of a model to exactly one choice of a profile.

A pattern is made of the largest parts of the model whose parameters all belong to one choice, so
it holds for what an adapter adds inside of them too. No part lies in another one: whether a tool
takes the first pattern that fits or the last, searches or matches, a parameter gets one rate.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import accumulate

from msgspec import Struct

from engine.profiles import Profile, choice_of_parameters


class Part(Struct, frozen=True):
    """A module, with everything in it, or a single parameter."""

    path: tuple[str, ...]
    """Its name, split at its dots."""
    is_parameter: bool = False

    @property
    def name(self) -> str:
        """As all names of its parameters begin: a module's ends with a dot."""
        return ".".join(self.path) + ("" if self.is_parameter else ".")


class Pattern(Struct, frozen=True, kw_only=True):
    """The parameters of one choice, and the rate that they learn at."""

    label: str
    """What people call the choice: ``layers 2–3``."""
    choice: int
    lr: float
    parts: tuple[Part, ...]
    """Disjoint, and together all of the choice."""
    below: str = ""
    """A regular expression for what the names begin with inside the tool."""

    @property
    def regex(self) -> str:
        """Return an expression, anchored at the beginning, for ``re.match`` and ``re.search``."""
        branches = list(_branches(self.parts))
        inner = branches[0] if len(branches) == 1 else f"(?:{'|'.join(branches)})"
        return f"^{self.below}{inner}"


def make_patterns(
    names: Sequence[str],
    profile: Profile,
    *,
    head_names: Collection[str] = (),
    below: str = "",
) -> tuple[Pattern, ...]:
    """Return a pattern for every choice that has a parameter, embeddings first.

    Args:
        names: of all parameters of the model, trained or not, in the order of registration.
        profile: for a backbone of that depth.
        head_names: names of the model's own head modules, besides ``classifier`` and the like.
        below: a regular expression for what the tool's own names have before these.

    Raises:
        UsageError: the model has another depth, or a parameter's place is not certain.
    """
    choice_of = choice_of_parameters(names, profile.grouping, head_names=head_names)
    labels = profile.grouping.labels()
    return tuple(
        Pattern(
            label=labels[choice],
            choice=choice,
            lr=profile.learning_rates[choice],
            parts=parts,
            below=below,
        )
        for choice, parts in sorted(whole_parts(choice_of).items())
    )


def whole_parts(choice_of: Mapping[str, int]) -> dict[int, tuple[Part, ...]]:
    """Return the largest parts of a model that belong to one choice, by choice.

    Args:
        choice_of: the choice of every parameter, by name.
    """
    choices_in: defaultdict[tuple[str, ...], set[int]] = defaultdict(set)
    for name, choice in choice_of.items():
        for path in _paths_to(name):
            choices_in[path].add(choice)
    parts: defaultdict[int, dict[Part, None]] = defaultdict(dict)
    for name, choice in choice_of.items():
        *_, whole = paths = list(_paths_to(name))
        path = next(path for path in paths if len(choices_in[path]) == 1)
        parts[choice][Part(path, is_parameter=path == whole)] = None
    return {choice: tuple(found) for choice, found in parts.items()}


def _paths_to(name: str) -> Iterator[tuple[str, ...]]:
    """Yield the paths of the modules around a parameter, the outermost first, then its own."""
    return accumulate(((part,) for part in name.split(".")), lambda path, part: path + part)


def _branches(parts: Sequence[Part]) -> Iterator[str]:
    """Yield an expression for each part; the numbers of one list of layers share theirs."""
    numbers: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for part in parts:
        holder, last = part.path[:-1], part.path[-1]
        if last.isdecimal() and not part.is_parameter:
            numbers[holder].append(last)
        else:
            yield re.escape(part.name) + ("$" if part.is_parameter else "")
    for holder, found in numbers.items():
        index = found[0] if len(found) == 1 else f"(?:{'|'.join(found)})"
        yield "".join(f"{re.escape(module)}\\." for module in holder) + f"{index}\\."
