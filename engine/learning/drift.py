"""How far each layer has moved from where the run began."""

import logging
import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator

import torch
from torch import Tensor

from engine.errors import UsageError
from engine.learning.backbone import pristine_backbone
from engine.learning.events import Between, LayerDrift, go_on
from engine.learning.model import SequenceModel
from engine.learning.plan import Setup
from engine.learning.vocabulary import kept_tokens
from engine.profiles.parameters import find_places

_log = logging.getLogger(__name__)


def measure_drift(
    setup: Setup,
    model: SequenceModel,
    weights: Iterable[tuple[str, Tensor]],
    learnt: Collection[int],
    between: Between = go_on,
) -> tuple[LayerDrift, ...]:
    """Compare weights with those the run began with, in main memory.

    A layer's beginning is that of the whole model: tokens that a sequence does not use count in the
    embeddings, so that sequences can be compared. Heads are those of the tasks learnt so far; they
    began at random, so that they drift far.

    Args:
        setup: of the run.
        model: as it is now.
        weights: its backbone's by their pretrained names, as they act.
        learnt: the tasks learnt so far.
        between: called between two weights.

    Returns:
        The layers from the embeddings up; nothing where the backbone cannot be loaded any more.
    """
    try:
        began = _beginning(setup)
    except UsageError as error:
        _log.warning("drift is not measured: %s", error)
        return ()
    places = find_places(began, ("heads",))
    kept = kept_tokens(model.backbone)
    tokens = {f"backbone.{kept[0]}": kept[1].cpu()} if kept else {}
    change: defaultdict[int, list[float]] = defaultdict(list)
    beginning: defaultdict[int, list[float]] = defaultdict(list)
    for name, weight in _named_as_in(model, weights, learnt):
        between()
        place, before = places.depths[name], began[name].detach()
        beginning[place] += _squares(before)
        compared = before[tokens[name]] if name in tokens else before
        change[place] += _squares(weight.detach().cpu() - compared)
    return tuple(
        LayerDrift(
            place=place,
            layer=_label(place, places.n_layers),
            drift=_ratio(change[place], beginning[place]),
        )
        for place in sorted(change)
    )


def _named_as_in(
    model: SequenceModel, weights: Iterable[tuple[str, Tensor]], learnt: Collection[int]
) -> Iterator[tuple[str, Tensor]]:
    for name, weight in weights:
        yield f"backbone.{name}", weight
    for task in learnt:
        for name, weight in model.heads[task].named_parameters():
            yield f"heads.{task}.{name}", weight


def _beginning(setup: Setup) -> dict[str, Tensor]:
    """Return all weights of the model as it was before the first step."""
    with torch.random.fork_rng(devices=[]):
        backbone = pristine_backbone(setup.model)
        classes = [task.classes for task in setup.tasks]
        model = SequenceModel(backbone, classes, seed=setup.seed, first_seed=setup.first_seed)
    return dict(model.named_parameters())


def _squares(values: Tensor) -> list[float]:
    """Return the sum of squares of each row; rows that are 0 change no bit of their exact sum."""
    rows = values.double().flatten(1) if values.dim() > 1 else values.double()[None]
    sums: list[float] = rows.square().sum(dim=1).tolist()
    return sums


def _ratio(change: Iterable[float], beginning: Iterable[float]) -> float:
    whole = math.sqrt(math.fsum(beginning))
    return math.sqrt(math.fsum(change)) / whole if whole else 0.0


def _label(place: int, n_layers: int) -> str:
    if place == 0:
        return "embeddings"
    return "heads" if place > n_layers else f"layer {place}"
