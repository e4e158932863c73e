"""Checkpoints come back whole; a first stage taken over gives bit for bit what it gives alone."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from engine.errors import EngineError, StorageError
from engine.learning.checkpoint import (
    Checkpoint,
    DamagedError,
    Position,
    first_stage_key,
    read_checkpoint,
    read_position,
    write_checkpoint,
)
from engine.learning.events import Measured, Measurement
from engine.learning.learner import SequenceLearner
from engine.learning.prepare import prepare
from engine.spec import RunSpec
from tests.engine.learning.asking import PAIR, Ask, learn, same_weights, weights

CHECKPOINT = Checkpoint(
    setup="0123abcd",
    position=Position(
        stage=1,
        step=7,
        stage_ends=(
            (
                Measurement(0, "search", 0.1 + 0.2, 1 / 3, (3, 4)),
                Measurement(0, "validation", 2 / 3, float("inf"), (0, 7)),
            ),
        ),
    ),
    tensors={"model.a": torch.randn(3, 4), "optimizer.0.step": torch.tensor(7.0)},
    extra='{"reports": 3}',
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run-1" / "checkpoint.safetensors"


def _names(path: Path) -> list[str]:
    return [found.name for found in path.parent.iterdir()]


def test_round_trip(path: Path) -> None:
    write_checkpoint(path, CHECKPOINT)
    found = read_checkpoint(path)
    assert found is not None
    assert found.setup == CHECKPOINT.setup
    assert found.position == CHECKPOINT.position
    assert found.extra == CHECKPOINT.extra
    assert found.tensors.keys() == CHECKPOINT.tensors.keys()
    assert all(found.tensors[name].equal(CHECKPOINT.tensors[name]) for name in found.tensors)
    assert _names(path) == [path.name]


def test_none_yet(path: Path) -> None:
    assert read_checkpoint(path) is None


def test_the_newer_takes_the_place_of_the_older(path: Path) -> None:
    write_checkpoint(path, CHECKPOINT)
    newer = Checkpoint(setup="s", position=Position(step=9), tensors={"model.a": torch.ones(1)})
    write_checkpoint(path, newer)
    found = read_checkpoint(path)
    assert found is not None
    assert found.position == newer.position


@pytest.mark.parametrize("keep", [0, 3, 40, -1])
def test_cut_short(path: Path, keep: int) -> None:
    write_checkpoint(path, CHECKPOINT)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DamagedError, match=r"checkpoint \S+ is damaged "):
        read_checkpoint(path)


@pytest.mark.parametrize("place", [0.3, 0.5, 0.8, 0.999])
def test_a_bit_that_fell_over_is_noticed(path: Path, place: float) -> None:
    write_checkpoint(path, CHECKPOINT)
    content = bytearray(path.read_bytes())
    content[int(place * len(content))] ^= 1
    path.write_bytes(content)
    with pytest.raises(DamagedError):
        read_checkpoint(path)


@pytest.mark.parametrize(
    "tensor",
    [torch.zeros(0, 3), torch.tensor(True), torch.ones(3, dtype=torch.bfloat16), torch.eye(2)[0]],
)
def test_tensors_of_any_kind_come_back(path: Path, tensor: torch.Tensor) -> None:
    write_checkpoint(path, Checkpoint(setup="s", position=Position(), tensors={"model.a": tensor}))
    found = read_checkpoint(path)
    assert found is not None
    assert found.tensors["model.a"].equal(tensor)


def test_how_far_it_is_can_be_read_alone(path: Path) -> None:
    assert read_position(path) is None
    write_checkpoint(path, CHECKPOINT)
    assert read_position(path) == CHECKPOINT.position


def test_one_that_cannot_be_read_just_now_is_not_damaged(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(StorageError, match="cannot be read: is a directory"):
        read_checkpoint(path)


@pytest.mark.parametrize(
    "header",
    [{}, {"setup": "s", "extra": "", "position": "{"}, {"setup": "s", "position": '{"step": "x"}'}],
)
def test_damaged_header(path: Path, header: dict[str, str]) -> None:
    path.parent.mkdir()
    save_file({}, path, {"format": "bertcl-checkpoint-2", **header})
    with pytest.raises(EngineError, match="is damaged"):
        read_checkpoint(path)


@pytest.mark.parametrize("header", [None, {"format": "pt"}, {"format": "bertcl-checkpoint-1"}])
def test_other_version(path: Path, header: dict[str, str] | None) -> None:
    path.parent.mkdir()
    save_file({"model.a": torch.ones(1)}, path, header)
    with pytest.raises(DamagedError, match="is of another version") as error:
        read_checkpoint(path)
    assert "\n" not in str(error.value)


def test_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    for path in (tmp_path / "file" / "checkpoint", tmp_path / "file" / "run-1" / "checkpoint"):
        with pytest.raises(EngineError, match=r"cannot be written .*; free some space") as error:
            write_checkpoint(path, CHECKPOINT)
        assert "\n" not in str(error.value)


@contextmanager
def _full_disk(room: int) -> Iterator[None]:
    """Let no file grow beyond so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_full_disk_leaves_the_older_one_whole(path: Path) -> None:
    write_checkpoint(path, CHECKPOINT)
    larger = Checkpoint(setup="s", position=Position(), tensors={"model.a": torch.ones(100_000)})
    with _full_disk(10_000), pytest.raises(EngineError, match="cannot be written") as error:
        write_checkpoint(path, larger)
    assert "\n" not in str(error.value)
    assert _names(path) == [path.name]
    found = read_checkpoint(path)
    assert found is not None
    assert found.position == CHECKPOINT.position


OTHER = ("mood", "agree")


def _key(spec: RunSpec) -> str | None:
    learner = prepare(spec)
    return first_stage_key(learner.setup, learner.method)


def _first_stage(spec: RunSpec, folder: Path) -> Checkpoint:
    learner, path = prepare(spec), folder / "first.safetensors"
    key = first_stage_key(learner.setup, learner.method)
    assert key is not None
    for event in learner.events():
        if isinstance(event, Measured) and event.fraction == 1.0:
            break
    write_checkpoint(path, learner.first_stage(key))
    first = read_checkpoint(path)
    assert first is not None
    return first


@pytest.mark.parametrize(
    ("begun_by", "method"),
    [("flat", "ewc-task"), ("lora", "lora"), ("derpp", "derpp")],
)
def test_taken_over_from_another_sequence(
    begun_by: str, method: str, ask: Ask, tmp_path: Path
) -> None:
    few = {"rows": 8} if method == "ewc-task" else {}
    alone, events = learn(ask(OTHER, method=method, options=few, epochs=1))
    heir = prepare(ask(OTHER, method=method, options=few, epochs=1))
    heir.take_over(_first_stage(ask(PAIR, method=begun_by, epochs=1), tmp_path))
    inherited = list(heir.events())
    assert same_weights(weights(heir), weights(alone))
    assert heir.validation_matrix == alone.validation_matrix
    assert _measured(inherited) == _measured(events)
    assert _steps(inherited) < _steps(events)


def _measured(events: list[object]) -> list[Measured]:
    return [event for event in events if isinstance(event, Measured)]


def _steps(events: list[object]) -> int:
    return len(events) - len(_measured(events))


def test_a_checkpoint_after_it_is_as_any_other(ask: Ask, tmp_path: Path) -> None:
    alone, _ = learn(ask(OTHER, epochs=1))
    heir = prepare(ask(OTHER, epochs=1))
    heir.take_over(_first_stage(ask(PAIR, epochs=1), tmp_path))
    saved = heir.save()
    again: SequenceLearner = prepare(ask(OTHER, epochs=1))
    again.restore(saved)
    list(again.events())
    assert same_weights(weights(again), weights(alone))


def test_methods_that_begin_alike_share_it(ask: Ask) -> None:
    flat = _key(ask())
    assert flat is not None
    assert flat == _key(ask(OTHER))
    assert flat == _key(ask(rates=(3e-3,) * 4))
    assert flat == _key(ask(method="replay"))


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 1},
        {"lr": 1e-3},
        {"method": "l2-sp"},
        {"method": "freeze-k", "options": {"layers": 1}},
        {"epochs": 3},
        {"dropout": False},
        {"sequence": ("topic", "mood")},
    ],
)
def test_whatever_changes_the_weights_keeps_them_apart(
    changes: dict[str, object], ask: Ask
) -> None:
    assert _key(ask(**changes)) != _key(ask())


def test_what_nobody_can_share(ask: Ask) -> None:
    assert _key(ask(method="joint")) is None
    assert _key(ask(optimizer_state="carried")) is None
