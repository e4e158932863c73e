"""From a profile to a model's parameters: optimizer groups that any training script can use."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Protocol

from engine.errors import UsageError
from engine.profiles.grouping import Grouping, fault_in_rates
from engine.profiles.places import Places, find_places
from engine.profiles.profile import Profile


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
