"""From a profile to a model: how deep every parameter stands, and optimizer groups of them.

Any training script can use the groups; depths are read off the names alone.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from itertools import takewhile
from typing import Any, Protocol, runtime_checkable

from msgspec import Struct

from engine.errors import UsageError, nearest, shown
from engine.profiles.grouping import Grouping
from engine.profiles.profile import Profile, fault_in_rates

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
    _refuse_unknown_heads(paths, head_names)
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
        if depth is None:
            raise _uncertain(path, anatomy, head_names)
        depths[".".join(path)] = depth
    return Places(depths, anatomy.n_layers)


def _depth_beside_layers(
    path: Path, anatomy: Anatomy, named_depths: dict[Path, int], *, before_layers: bool
) -> int | None:
    """Place a parameter that the backbone has outside its layers; None: it may be a head's."""
    for module, depth in named_depths.items():
        if is_inside(path, module):
            return depth
    in_backbone = path[len(anatomy.backbone) :]
    if is_embedding(in_backbone) or _RELATIVE_BIAS in in_backbone:
        return 0
    if any(_AFTER_LAYERS.search(part) for part in in_backbone):
        return anatomy.n_layers
    if not _is_surely_backbone(path, anatomy):
        return None
    return 0 if before_layers else anatomy.n_layers


def _uncertain(path: Path, anatomy: Anatomy, head_names: Collection[str]) -> UsageError:
    named = (*sorted(head_names), path[len(anatomy.backbone)])
    written = ", ".join(f"'{shown(name)}'" for name in named) + ("," if len(named) == 1 else "")
    return UsageError(
        f"cannot tell whether parameter '{shown('.'.join(path))}' is the backbone's or a head's; "
        f"name its module in head_names, such as head_names=({written})"
    )


def _refuse_unknown_heads(paths: Sequence[Path], head_names: Collection[str]) -> None:
    modules = {part for path in paths for part in path}
    for name in sorted(set(head_names) - modules - HEAD_NAMES):
        near = nearest(name, sorted(modules))
        hint = f"did you mean '{shown(near)}'?" if near else "leave it out"
        raise UsageError(
            f"the model has no module named '{shown(name)}', which head_names has; {hint}"
        )


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


@runtime_checkable
class Model(Protocol):
    """What is asked of a model; any ``torch.nn.Module`` is one."""

    def named_parameters(self) -> Iterable[tuple[str, Any]]: ...


def param_groups(
    model: Model,
    profile: Profile | tuple[Grouping, Sequence[float]],
    *,
    head_names: Collection[str] = (),
) -> list[dict[str, Any]]:
    """Give every trainable parameter the learning rate of its choice.

    The groups go into any torch optimizer, and with it into HF Trainer's ``optimizers=``. Frozen
    parameters are left out, as are choices without a trainable parameter. A tied parameter counts
    where the model names it first.

    Args:
        model: a bare backbone or one with heads, also as wrapped by PEFT, DDP or torch.compile.
        profile: or a grouping with one rate per choice. One for later stages has the rates with
            which a fine-tuned model learns its next task; its first one was learnt at ``first_lr``.
        head_names: names of the model's own head modules, besides ``classifier`` and the like.

    Returns:
        ``{"name": "layers 2–3", "choice": 2, "lr": 9.2e-07, "params": [...]}`` per choice.

    Raises:
        UsageError: the model has another depth, or a parameter's place is not certain.
    """
    grouping, rates = _grouping_and_rates(profile)
    named = list(model.named_parameters())
    choice_of = choice_of_parameters((name for name, _ in named), grouping, head_names=head_names)
    trainable: dict[int, list[Any]] = {choice: [] for choice in range(grouping.n_choices)}
    seen: set[int] = set()
    for name, parameter in named:
        if parameter.requires_grad and id(parameter) not in seen:
            seen.add(id(parameter))
            trainable[choice_of[name]].append(parameter)
    if not seen:
        raise UsageError("the model has no trainable parameter; unfreeze what shall learn")
    labels = grouping.labels()
    return [
        {"name": labels[choice], "choice": choice, "lr": rates[choice], "params": parameters}
        for choice, parameters in trainable.items()
        if parameters
    ]


def choice_of_parameters(
    names: Iterable[str], grouping: Grouping, *, head_names: Collection[str] = ()
) -> dict[str, int]:
    """Say which choice every parameter belongs to.

    A layer's parameters belong to the layer's choice. What the backbone has before its layers, its
    relative positions and soft prompts (PEFT) are embeddings; what it has after its layers (final
    norm, pooler) goes with the last one; everything outside the backbone is heads.

    Args:
        names: of all parameters, trained or not, in the order of registration.
        grouping: for as many layers as the model has.
        head_names: names of the model's own head modules, besides ``classifier`` and the like.

    Raises:
        UsageError: the model has another depth, or a parameter's place is not certain.
    """
    places = find_places(names, head_names)
    _refuse_other_depth(places, grouping)

    def choice_of(depth: int) -> int:
        if depth == 0:
            return 0
        if depth > grouping.n_layers:
            return grouping.n_choices - 1
        return grouping.choice_of_layer(depth)

    return {name: choice_of(depth) for name, depth in places.depths.items()}


def count_layers(names: Iterable[str], *, head_names: Collection[str] = ()) -> int:
    """Return how many layers a model has to group, from the names of all its parameters.

    A model that shares one layer's weights among all its layers (ALBERT) has one.

    Raises:
        UsageError: no layers, several stacks of them, or a parameter whose place is not certain.
    """
    return find_places(names, head_names).n_layers


def _grouping_and_rates(
    profile: Profile | tuple[Grouping, Sequence[float]],
) -> tuple[Grouping, Sequence[float]]:
    if isinstance(profile, Profile):
        return profile.grouping, profile.learning_rates
    grouping, rates = profile
    if fault := fault_in_rates(rates, grouping):
        raise UsageError(f"cannot group parameters: {fault}")
    return grouping, rates


def _refuse_other_depth(places: Places, grouping: Grouping) -> None:
    if places.n_layers == grouping.n_layers:
        return
    if any("albert_layer_groups" in name for name in places.depths):
        raise UsageError(
            f"the model shares weights among its layers and has {places.n_layers} to group, but "
            f"the profile has {grouping.n_layers}; use a profile for {places.n_layers}"
        )
    raise UsageError(
        f"the model has {places.n_layers} layers but the profile has {grouping.n_layers}; "
        "transfer the profile to that depth first (engine.profiles.transfer)"
    )
