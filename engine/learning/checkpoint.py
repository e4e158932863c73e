"""A learner's state in one safetensors file; what is not a tensor stands as JSON in its header.

The end of a first stage is written in the same form, for every sequence that begins with it. A
checksum over all of it tells a file that was damaged since.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec
import torch
import xxhash
from msgspec import Struct
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from engine.errors import EngineError, StorageError, reason_of, shown
from engine.files import replacing
from engine.learning.backbone import model_fingerprint
from engine.learning.events import Measured, Measurement
from engine.learning.methods import Method
from engine.learning.model import SequenceModel
from engine.learning.plan import Setup, Split
from engine.learning.vocabulary import kept_tokens
from engine.spec.protocol import as_known_before

Value = TypeVar("Value")

_FORMAT = "bertcl-checkpoint-2"
_TOKENS = "tokens"
_CONTENT = "with drift, counts by class, dropout by row"
"""What a first stage's file has beside the weights; one that has something else is of no use."""


class Position(Struct, frozen=True, kw_only=True):
    """What is done: stages before ``stage``, and ``step`` steps of that stage."""

    stage: int = 0
    step: int = 0
    due: float | None = None
    """The loss of the last step where what is to be measured after it was not; None: it was."""
    stage_ends: tuple[tuple[Measurement, ...], ...] = ()
    """What was measured at the end of each stage that is done."""
    first_stage: tuple[Measured, ...] = ()
    """What was measured in stage 1 by now, until the next one begins: who takes the stage over
    takes this too."""

    def accuracies(self, split: Split) -> tuple[tuple[float, ...], ...]:
        """Return the rows of the matrix of what scores on a split, of the stages that have any."""
        rows = (
            tuple(item.scored for item in end if item.split == split) for end in self.stage_ends
        )
        return tuple(row for row in rows if row)


class Checkpoint(Struct, frozen=True, kw_only=True):
    """Everything that a learner needs to go on as if it had never stopped."""

    setup: str
    """Fingerprint of what the learner was set up with."""
    position: Position
    tensors: dict[str, Tensor]
    extra: str = ""
    """What the learner's caller stores with it, as JSON."""


class _File(Protocol):
    """A safetensors file that is open."""

    def keys(self) -> list[str]: ...

    def get_tensor(self, name: str) -> Tensor: ...


class DamagedError(EngineError):
    """A file is no checkpoint, or not the one that was written."""


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write atomically: a reader finds the old file or the new one, whole.

    Raises:
        StorageError: the disk is full or the folder cannot be written.
    """
    header = {
        "format": _FORMAT,
        "setup": checkpoint.setup,
        "position": _position_as_text(checkpoint.position),
        "extra": checkpoint.extra,
    }
    header["checksum"] = _checksum(header, checkpoint.tensors)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as beside:
            save_file(checkpoint.tensors, beside, header)
    except (OSError, SafetensorError) as error:
        raise StorageError(
            f"checkpoint {shown(path)} cannot be written ({error}); free some space, then resume"
        ) from error


def read_checkpoint(path: Path) -> Checkpoint | None:
    """Read a checkpoint, None where there is none.

    Raises:
        DamagedError: it is not as it was written, or from another version.
        StorageError: it cannot be read just now.
    """
    return _read(path, _whole)


def read_position(path: Path) -> Position | None:
    """Read how far a checkpoint is, and no more of it; None where there is none.

    Raises:
        DamagedError: it cannot be told, or the file is from another version.
        StorageError: it cannot be read just now.
    """
    return _read(path, lambda _, header: _position_from_text(header["position"]))


def _read(path: Path, take: Callable[[_File, dict[str, str]], Value]) -> Value | None:
    try:
        with path.open("rb") as plain:
            plain.read(1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise StorageError(
            f"checkpoint {shown(path)} cannot be read: {reason_of(error)}"
        ) from error
    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            if header.get("format") != _FORMAT:
                raise DamagedError(f"checkpoint {shown(path)} is of another version")
            return take(file, header)
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise DamagedError(f"checkpoint {shown(path)} is damaged ({error})") from error


def _whole(file: _File, header: dict[str, str]) -> Checkpoint:
    tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
    known = header.pop("checksum")
    if _checksum(header, tensors) != known:
        raise ValueError("its checksum is another")
    return Checkpoint(
        setup=header["setup"],
        position=_position_from_text(header["position"]),
        tensors=tensors,
        extra=header["extra"],
    )


def _checksum(header: Mapping[str, str], tensors: Mapping[str, Tensor]) -> str:
    """Return a hash of all that a file holds, at the speed of a disk."""
    digest = xxhash.xxh3_128()
    for name, text in sorted(header.items()):
        digest.update(f"{name}\0{text}\0".encode())
    for name, value in sorted(tensors.items()):
        digest.update(f"{name}\0{value.dtype}\0{tuple(value.shape)}\0".encode())
        digest.update(value.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _position_as_text(position: Position) -> str:
    # A loss may be infinite, which msgspec's JSON has no word for.
    return json.dumps(msgspec.to_builtins(position))


def _position_from_text(text: str) -> Position:
    return msgspec.convert(json.loads(text), Position)


def pack_optimizer(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Return the optimizer's tensors as ``INDEX.NAME``, by the parameters' order in its groups."""
    return {
        f"{index}.{name}": value
        for index, state in optimizer.state_dict()["state"].items()
        for name, value in state.items()
    }


def unpack_optimizer(optimizer: torch.optim.Optimizer, packed: dict[str, Tensor]) -> None:
    """Put back copies of what ``pack_optimizer`` returned."""
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in packed.items():
        index, name = key.split(".", 1)
        state.setdefault(int(index), {})[name] = value.clone()
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})


def first_stage_key(setup: Setup, method: Method) -> str | None:
    """Return a hash of all that decides the weights after stage 1; None: nobody could share them.

    Later tasks are not in it: their heads rest, and tokens that only they have get no gradient. No
    more are the rates of later stages where stage 1 has its own.
    Adam's moments are, where the next stage carries them on, so that such stages stay apart.

    Raises:
        UsageError: the model cannot be read any more.
    """
    if len(setup.plans) == 1 or setup.protocol.optimizer_state == "carried":
        return None
    task, plan = setup.tasks[0], setup.plans[0]
    parts = (
        _CONTENT,
        model_fingerprint(setup.model),
        (task.name, task.classes, task.fingerprint),
        (plan.rows, plan.epochs, sorted(plan.measured_at), len(task.followed)),
        "like others" if method.shares_first_stage else (setup.method, "with its state"),
        setup.grouping,
        setup.rates_of(0),
        as_known_before(setup.protocol, ("balance", "score", "probe_rows")),
        setup.seed_of(0),
        (setup.device.target.type, torch.get_num_threads(), str(torch.__version__)),
    )
    return blake2b(msgspec.json.encode(parts), digest_size=16).hexdigest()


def keep_first_stage(
    key: str,
    model: SequenceModel,
    method: Method,
    position: Position,
    events: Sequence[Measured],
) -> Checkpoint:
    """Return the model just after stage 1, as any sequence can take it over.

    Args:
        key: as ``first_stage_key`` gives it.
        model: just after the stage.
        method: likewise; what it remembers of the stage goes along where others of the same
            method alone can take it over.
        position: at its end.
        events: what was measured in it.
    """
    tensors = {f"backbone.{name}": value for name, value in model.backbone.state_dict().items()}
    tensors |= {f"head.{name}": value for name, value in model.heads[0].state_dict().items()}
    if not method.shares_first_stage:
        tensors |= {f"method.{name}": value for name, value in method.state().items()}
    kept = kept_tokens(model.backbone)
    if kept is not None:
        tensors[_TOKENS] = kept[1]
    return Checkpoint(
        setup=key,
        position=position,
        tensors={name: value.detach().cpu().contiguous() for name, value in tensors.items()},
        extra=json.dumps(msgspec.to_builtins(list(events))),
    )


def take_over(first: Checkpoint, model: SequenceModel, method: Method) -> tuple[Measured, ...]:
    """Give a model its weights after stage 1, and a method what it remembers of it.

    Returns:
        What was measured in the stage.
    """
    rooms: dict[str, dict[str, Tensor]] = {"backbone": {}, "head": {}, "method": {}}
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
    device = next(model.heads[0].parameters()).device
    method.load({name: value.to(device) for name, value in rooms["method"].items()})
    found = msgspec.convert(json.loads(first.extra), tuple[Measured, ...])
    return tuple(replace(event, seconds=0.0) for event in found)  # it took them elsewhere
