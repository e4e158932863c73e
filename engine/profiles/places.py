"""How deep in its model every parameter stands, read off the parameters' names alone."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from itertools import takewhile

from msgspec import Struct

from engine.errors import UsageError, shown

Path = tuple[str, ...]
"""A parameter's or module's name, split at its dots."""
HEAD_NAMES = frozenset(
    {
        "classification_head",
        "classifier",
        "classifiers",
        "cls",
        "head",
        "heads",
        "lm_head",
        "pre_classifier",
        "qa_outputs",
        "score",
    }
)
"""Modules that are heads wherever they stand outside the layers."""

_EMBEDDING = re.compile(r"embed|^wte$|^wpe$")
_FEWEST_TENSORS_OF_A_LAYER = 4
_AFTER_LAYERS = re.compile(r"^final_|^ln_f$|^norm_f$|^project_out$|pooler")
_OF_A_BACKBONE = re.compile(r"emb|token|pos|patch|stem|feature|shared|mask|norm|^ln|pool|proj")
_RELATIVE_BIAS = "relative_attention_bias"
_RELATIVE_TABLE = "rel_embeddings"
_SOFT_PROMPTS = "prompt_encoder"
"""Where PEFT keeps what it puts before the tokens, or before the keys of every layer."""
_WRAPPERS = frozenset({"_fsdp_wrapped_module", "_orig_mod", "base_model", "model", "module"})


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


class Places(Struct, frozen=True):
    """The depth of every parameter of a model."""

    depths: dict[str, int]
    """0: embeddings; 1..n: a layer, the last one also with what follows it; n+1: heads."""
    n_layers: int


def find_places(names: Iterable[str], head_names: Collection[str] = ()) -> Places:
    """Say how deep every parameter stands.

    Args:
        names: of all parameters, trained or not, in the order of registration.
        head_names: names of the model's own head modules, besides ``HEAD_NAMES``.

    Raises:
        UsageError: no layers, several stacks of them, or a parameter whose place is not certain.
    """
    paths = [tuple(name.split(".")) for name in names]
    heads = HEAD_NAMES.union(head_names)
    anatomy = read_anatomy(paths, heads)
    named_depths = _relative_position_depths(paths)
    before_layers = True
    depths: dict[str, int] = {}
    for path in paths:
        depth = anatomy.layer_of(path)
        if depth is not None:
            before_layers = False
        elif _SOFT_PROMPTS in path:
            depth = 0
        elif not is_inside(path, anatomy.backbone) or not heads.isdisjoint(path):
            depth = anatomy.n_layers + 1
        else:
            depth = _depth_beside_layers(path, anatomy, named_depths, before_layers=before_layers)
        depths[".".join(path)] = depth
    return Places(depths, anatomy.n_layers)


def _depth_beside_layers(
    path: Path, anatomy: Anatomy, named_depths: dict[Path, int], *, before_layers: bool
) -> int:
    """Place a parameter that the backbone has outside its layers."""
    for module, depth in named_depths.items():
        if is_inside(path, module):
            return depth
    in_backbone = path[len(anatomy.backbone) :]
    if is_embedding(in_backbone) or _RELATIVE_BIAS in in_backbone:
        return 0
    if any(_AFTER_LAYERS.search(part) for part in in_backbone):
        return anatomy.n_layers
    if not _is_surely_backbone(path, anatomy):
        raise UsageError(
            f"cannot tell whether parameter '{shown('.'.join(path))}' is the backbone's or a "
            "head's; "
            f"name its module in head_names, such as head_names=('{shown(in_backbone[0])}',)"
        )
    return 0 if before_layers else anatomy.n_layers


def _is_surely_backbone(path: Path, anatomy: Anatomy) -> bool:
    """Whether a module of its own tells the backbone from the heads, or the name does."""
    return (
        not _WRAPPERS.issuperset(anatomy.backbone)
        or anatomy.is_beside_layers(path)
        or any(_OF_A_BACKBONE.search(part) for part in path[len(anatomy.backbone) :])
    )


def _relative_position_depths(paths: Sequence[Path]) -> dict[Path, int]:
    """Place what DeBERTa registers after its layers but uses before the second one.

    Beside the table of relative positions stand its own norm and, in the larger models, a
    convolution over the first layer's output.
    """
    holders = {path[: path.index(_RELATIVE_TABLE)] for path in paths if _RELATIVE_TABLE in path}
    return {
        (*holder, part): depth
        for holder in holders
        for part, depth in (("LayerNorm", 0), ("conv", 1))
    }


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
        raise UsageError(
            f"the model has several stacks of layers ({names}); give one of them, or name in "
            "head_names what is a head"
        )
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
