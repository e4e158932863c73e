"""The end of a first stage: it serves every sequence that begins with it."""

import json
from collections.abc import Sequence
from hashlib import blake2b

import msgspec
import torch
from torch import Tensor

from engine.learning.checkpoint import Checkpoint, Position
from engine.learning.events import Measured
from engine.learning.methods import Method
from engine.learning.model import SequenceModel
from engine.learning.model_fingerprint import model_fingerprint
from engine.learning.setup import Setup
from engine.learning.vocabulary import kept_tokens

_TOKENS = "tokens"
_KEPT = "with drift"
"""What is kept beside the weights; a file that has something else is of no use."""


def first_stage_key(setup: Setup, method: Method) -> str | None:
    """Return a hash of all that decides the weights after stage 1; None: nobody could share them.

    Later tasks are not in it: their heads rest, and tokens that only they have get no gradient.
    Adam's moments are, where the next stage carries them on, so that such stages stay apart.

    Raises:
        UsageError: the model cannot be read any more.
    """
    if len(setup.plans) == 1 or setup.protocol.optimizer_state == "carried":
        return None
    task, plan = setup.tasks[0], setup.plans[0]
    parts = (
        _KEPT,
        model_fingerprint(setup.model),
        (task.name, task.classes, task.fingerprint),
        (plan.rows, plan.epochs, sorted(plan.measured_at)),
        "like others" if method.begins_like_others else setup.method,
        setup.grouping,
        setup.learning_rates,
        setup.protocol,
        setup.seed,
        (str(setup.device.target), torch.get_num_threads(), str(torch.__version__)),
    )
    return blake2b(msgspec.json.encode(parts), digest_size=16).hexdigest()


def keep_first_stage(
    key: str, model: SequenceModel, position: Position, events: Sequence[Measured]
) -> Checkpoint:
    """Return the model just after stage 1, as any sequence can take it over.

    Args:
        key: as ``first_stage_key`` gives it.
        model: just after the stage.
        position: at its end.
        events: what was measured in it.
    """
    tensors = {f"backbone.{name}": value for name, value in model.backbone.state_dict().items()}
    tensors |= {f"head.{name}": value for name, value in model.heads[0].state_dict().items()}
    kept = kept_tokens(model.backbone)
    if kept is not None:
        tensors[_TOKENS] = kept[1]
    return Checkpoint(
        setup=key,
        position=position,
        tensors={name: value.detach().cpu().contiguous() for name, value in tensors.items()},
        extra=json.dumps(msgspec.to_builtins(list(events))),
    )


def take_over(first: Checkpoint, model: SequenceModel) -> tuple[Measured, ...]:
    """Give a model its weights after stage 1; return what was measured in it."""
    rooms: dict[str, dict[str, Tensor]] = {"backbone": {}, "head": {}}
    for name, value in first.tensors.items():
        if name != _TOKENS:
            room, weight = name.split(".", 1)
            rooms[room][weight] = value
    kept = kept_tokens(model.backbone)
    if kept is not None:
        table, tokens = kept
        mine = model.backbone.state_dict()[table].clone()
        theirs = first.tensors[_TOKENS]
        place = {int(token): row for row, token in enumerate(tokens.cpu())}
        rows = [(place[token], row) for row, token in enumerate(theirs.tolist()) if token in place]
        to, of = torch.tensor(rows).T
        mine[to] = rooms["backbone"][table][of].to(mine.device)
        rooms["backbone"][table] = mine
    model.backbone.load_state_dict(rooms["backbone"])
    model.heads[0].load_state_dict(rooms["head"])
    return msgspec.convert(json.loads(first.extra), tuple[Measured, ...])
