"""Where a model keeps its backbone and its layers, read off its parameters' names."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from itertools import takewhile

from msgspec import Struct

from engine.errors import UsageError

Path = tuple[str, ...]
"""A parameter's or module's name, split at its dots."""

_EMBEDDING = re.compile(r"embed|^wte$|^wpe$")
_FEWEST_TENSORS_OF_A_LAYER = 4


class Anatomy(Struct, frozen=True):
    """The modules that tell a parameter's place."""

    layers: Path
    """The list that holds the repeated layers, such as ``bert.encoder.layer``."""
    n_layers: int
    backbone: Path
    """The module that holds embeddings and layers, such as ``bert``; empty: the model itself."""

    def layer_of(self, path: Path) -> int | None:
        """Return the layer, counted from 1, that holds this parameter; None: no layer does."""
        return int(path[len(self.layers)]) + 1 if is_inside(path, self.layers) else None

    def is_beside_layers(self, path: Path) -> bool:
        """Whether this is in the part of the backbone, such as ``bert.encoder``, with the list."""
        part = self.layers[:-1]
        return len(part) > len(self.backbone) and is_inside(path, part)


def read_anatomy(paths: Sequence[Path], heads: Collection[str]) -> Anatomy:
    """Find the repeated layers and the backbone around them.

    Args:
        paths: of all parameters, trained or not, in the order of registration.
        heads: names of modules that belong to no backbone.

    Raises:
        UsageError: the model has no repeated layers, or more than one stack of them.
    """
    body = [path for path in paths if not any(part in heads for part in path)]
    embedding = next(filter(is_embedding, body), ())
    stacks = _outermost(_numbered_lists(body, embedding))
    if not stacks:
        raise UsageError("the model has no repeated layers to group; give a transformer encoder")
    if len(stacks) > 1:
        names = " and ".join(".".join(stack) for stack in stacks)
        raise UsageError(f"the model has several stacks of layers ({names}); give one of them")
    ((layers, n_layers),) = stacks.items()
    return Anatomy(layers, n_layers, backbone=_common(embedding, layers))


def is_embedding(path: Path) -> bool:
    """Whether a name says that it embeds tokens, positions or patches."""
    return any(_EMBEDDING.search(part) for part in path)


def is_inside(path: Path, module: Path) -> bool:
    return path[: len(module)] == module


def _numbered_lists(paths: Sequence[Path], embedding: Path) -> dict[Path, int]:
    """Return the lists, with their lengths, that may be a backbone's layers.

    A list that holds the model's embeddings is a wrapper (``nn.Sequential``) around the backbone,
    and one inside the embeddings is their own business.
    """
    tensors: defaultdict[Path, Counter[int]] = defaultdict(Counter)
    for path in paths:
        for position, part in enumerate(path):
            if part.isdecimal():
                tensors[path[:position]][int(part)] += 1
    return {
        module: len(counts)
        for module, counts in tensors.items()
        if sorted(counts) == list(range(len(counts)))
        and min(counts.values()) >= _FEWEST_TENSORS_OF_A_LAYER
        and not (embedding and is_inside(embedding, module))
        and not is_embedding(module[len(_common(embedding, module)) :])
    }


def _outermost(lists: dict[Path, int]) -> dict[Path, int]:
    return {
        module: length
        for module, length in lists.items()
        if not any(is_inside(module, other) for other in lists if other != module)
    }


def _common(one: Path, other: Path) -> Path:
    pairs = takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))
    return tuple(part for part, _ in pairs)
