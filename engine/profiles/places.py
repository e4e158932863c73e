"""How deep in its model every parameter stands."""

import re
from collections.abc import Collection, Iterable, Sequence

from msgspec import Struct

from engine.errors import UsageError
from engine.profiles.anatomy import Anatomy, Path, is_embedding, is_inside, read_anatomy

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

_AFTER_LAYERS = re.compile(r"^final_|^ln_f$|^norm_f$|^project_out$|pooler")
_OF_A_BACKBONE = re.compile(r"emb|token|pos|patch|stem|feature|shared|mask|norm|^ln|pool|proj")
_RELATIVE_BIAS = "relative_attention_bias"
_RELATIVE_TABLE = "rel_embeddings"
_WRAPPERS = frozenset({"_fsdp_wrapped_module", "_orig_mod", "base_model", "model", "module"})


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
            f"cannot tell whether parameter '{'.'.join(path)}' is the backbone's or a head's; "
            f"name its module in head_names, such as head_names=('{in_backbone[0]}',)"
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
