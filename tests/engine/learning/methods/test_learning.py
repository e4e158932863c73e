"""Every method learns a sequence of tiny tasks, and says how much of the first one is kept."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest
import torch
from torch import Tensor

from engine.errors import UsageError
from engine.learning.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from engine.learning.events import Event, Stepped
from engine.learning.learner import SequenceLearner
from engine.learning.methods import Method
from engine.learning.model import SequenceModel
from engine.learning.plan import Setup
from engine.learning.prepare import prepare
from engine.spec import RunSpec
from engine.spec.methods import METHODS
from tests.engine.learning.asking import (
    PAIR,
    TRIPLE,
    Ask,
    go_on,
    learn,
    learn_saving,
    learn_until,
    measured,
    same_weights,
    weights,
)
from tests.tiny import tiny_tasks

RATE = 4e-3
PROFILE = (RATE,) * 4
OPTIONS = {
    "freeze-k": {"layers": 1},
    "freeze-later": {"layers": 1},
    "auto-rgn": {"lr": 0.1},
    "mixout": {"p": 0.3},
    "o-lora": {"lr": 1e-2},
    "seq-star": {"head": 1e-2},
    "slca": {"ratio": 2},
    "ewc-task": {"rows": 16},
    "ewc-mlm": {"texts": 8},
    "lora": {"lr": 1e-2},
    "recadam": {"k": 2},
    "replay": {"share": 0.1},
}


@pytest.fixture(scope="module")
def asked(ask: Ask, tmp_path_factory: pytest.TempPathFactory) -> Ask:
    """Ask for a run on more rows."""
    data = tiny_tasks(tmp_path_factory.mktemp("more"), train_rows=128, validation_rows=64)
    text = data.with_name("text.txt")
    text.write_text("the old city and a new river " * 3 + "\n" + "bright warm moon " * 8 + "\n")
    return Ask(data=data, model=ask.model, text=text)


@pytest.fixture(scope="module")
def briefly(ask: Ask, asked: Ask) -> Ask:
    """Ask for a run on as few rows as make three steps a stage."""
    return Ask(data=ask.data, model=ask.model, text=asked.text)


def _options(name: str, asked: Ask) -> dict[str, float | str]:
    text = {"text": str(asked.text)} if name == "ewc-mlm" else {}
    return {**OPTIONS.get(name, {}), **text}


@pytest.mark.parametrize("name", [entry.name for entry in METHODS])
def test_every_method_learns_two_tasks_and_goes_on_from_a_checkpoint(
    name: str, asked: Ask, tmp_path: Path
) -> None:
    rates = PROFILE if name == "profile" else None
    options = {"lr": RATE, **_options(name, asked)} if rates is None else {}
    spec = asked(
        method=name, rates=rates, options=options, epochs=5, batch_size=32, curve_share=0.0
    )
    learner, events, (saved,) = learn_saving(spec, prepare(spec).setup.plans[-1].last_step - 2)
    matrix = learner.validation_matrix
    assert matrix.p_s > 0.5, "three classes: chance is a third"
    assert matrix.p_o > 0.5
    assert len(matrix.last) == 2
    if name == "joint":
        assert matrix.backward_transfer is None
        assert matrix.forgetting is None
    else:
        assert matrix.forgetting == pytest.approx(matrix.rows[0][0] - matrix.p_o)

    resumed, rest = go_on(spec, _through_file(saved, tmp_path))
    assert same_weights(weights(resumed), weights(learner))
    assert resumed.validation_matrix == matrix
    assert measured(rest) == measured(events)[-len(measured(rest)) :]


def _through_file(checkpoint: Checkpoint, folder: Path) -> Checkpoint:
    path = folder / "checkpoint.safetensors"
    write_checkpoint(path, checkpoint)
    found = read_checkpoint(path)
    assert found is not None
    return found


class WarmHead(Method):
    """In the first epoch of a stage only its head learns."""

    name: ClassVar[str] = "warm-head"

    def begin_step(self, setup: Setup, model: SequenceModel, stage: int, step: int) -> None:
        model.backbone.requires_grad_(step > setup.plans[stage].steps_per_epoch)


def _warm_head(spec: RunSpec) -> SequenceLearner:
    flat = prepare(spec)
    return SequenceLearner(flat.setup, flat.model, WarmHead(flat.method.options))


def test_a_method_can_change_within_a_stage_also_of_a_restored_learner(briefly: Ask) -> None:
    spec = briefly(epochs=2)
    undisturbed, stopped, resumed = (_warm_head(spec) for _ in range(3))
    list(undisturbed.events())
    before = weights(stopped)
    learn_until(stopped, stopped.setup.plans[0].steps_per_epoch)
    moved = {name for name, weight in weights(stopped).items() if not weight.equal(before[name])}
    assert moved == {"heads.0.weight", "heads.0.bias"}
    resumed.restore(stopped.save())
    list(resumed.events())
    assert same_weights(weights(resumed), weights(undisturbed))
    moved = {name for name, weight in weights(resumed).items() if not weight.equal(before[name])}
    assert any(name.startswith("backbone.") for name in moved)


class _EndedError(Exception):
    pass


class _EndAfter:
    """Lets what takes long be ended after so many of its parts; 0: never."""

    def __init__(self, most: int = 0) -> None:
        self.most, self.parts = most, 0

    def __call__(self) -> None:
        if self.most and self.parts == self.most:
            raise _EndedError
        self.parts += 1


@dataclass(frozen=True)
class _Whole:
    """What came of a run that nobody ended."""

    spec: RunSpec
    learner: SequenceLearner
    events: list[Event]
    parts: int


SHARES = {"flat": (0.5,), "ewc-task": (0.2, 0.5, 0.8), "ewc-mlm": (0.0, 0.5)}


@pytest.fixture(scope="module", params=SHARES)
def whole(
    request: pytest.FixtureRequest, briefly: Ask, tmp_path_factory: pytest.TempPathFactory
) -> _Whole:
    """Learn to the end, finding nothing that another run has computed."""
    name = request.param
    options = {**_options(name, briefly), **({"rows": 24} if name == "ewc-task" else {})}
    spec = briefly(method=name, options=options, epochs=1, measures_per_epoch=2, batch_size=24)
    learner = prepare(spec)
    learner.between = parts = _EndAfter()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BERTCL_CACHE", str(tmp_path_factory.mktemp("whole")))
        events = list(learner.events())
    return _Whole(spec, learner, events, parts.parts)


def test_what_takes_long_may_be_ended_anywhere(
    whole: _Whole, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for share in SHARES[whole.spec.method]:
        folder = tmp_path / str(share)
        monkeypatch.setenv("BERTCL_CACHE", str(folder / "other"))
        _assert_may_be_ended_after(share, whole, folder)


def _assert_may_be_ended_after(share: float, whole: _Whole, folder: Path) -> None:
    spec, undisturbed = whole.spec, whole.learner
    stopped = prepare(spec)
    stopped.between = ended = _EndAfter(1 + int(share * whole.parts))
    with pytest.raises(_EndedError):
        list(stopped.events())
    checkpoint = _through_file(stopped.save(), folder)
    resumed = prepare(spec)
    resumed.restore(checkpoint)
    resumed.between = rest = _EndAfter()
    after = measured(list(resumed.events()))
    assert same_weights(weights(resumed), weights(undisturbed))
    assert resumed.validation_matrix == undisturbed.validation_matrix
    assert after == measured(whole.events)[-len(after) :]
    if checkpoint.position.due is None and spec.method == "ewc-task":
        assert ended.parts + rest.parts == whole.parts, "the Fisher went on where it was"


def test_ewc_of_a_task_holds_what_the_task_needs(briefly: Ask) -> None:
    def drift(importance: float, gamma: float = 0.0) -> Tensor:
        options = {"importance": importance, "gamma": gamma, "rows": 8}
        learner = prepare(briefly(TRIPLE, method="ewc-task", options=options, epochs=1))
        first = learner.setup.plans[0].last_step
        rest = learn_until(learner, first)
        after_first = weights(learner)
        list(rest)
        name = "backbone.encoder.layer.0.attention.self.value.weight"
        return (weights(learner)[name] - after_first[name]).norm()

    free = drift(0.0)
    assert drift(1e6) < 0.5 * free
    assert drift(1e6, gamma=0.9) < 0.5 * free


def test_ewc_of_masked_language_holds_the_pretrained_weights_from_the_first_stage(
    briefly: Ask,
) -> None:
    def drift(importance: float) -> Tensor:
        options = {**_options("ewc-mlm", briefly), "importance": importance}
        learner = prepare(briefly(method="ewc-mlm", options=options))
        before = weights(learner)
        learn_until(learner, learner.setup.plans[0].last_step)
        name = "backbone.encoder.layer.0.attention.self.value.weight"
        return (weights(learner)[name] - before[name]).norm()

    assert drift(1e6) < 0.5 * drift(0.0)


def test_l2_sp_holds_the_pretrained_weights(briefly: Ask) -> None:
    def drift(strength: float) -> Tensor:
        learner = prepare(briefly(method="l2-sp", options={"strength": strength}, epochs=1))
        before = weights(learner)
        list(learner.events())
        after = weights(learner)
        return torch.stack(
            [(after[name] - before[name]).norm() for name in before if name.startswith("backbone")]
        ).norm()

    assert drift(100.0) < 0.5 * drift(0.0)


def test_replay_mixes_rows_of_every_earlier_task_into_a_stage(asked: Ask) -> None:
    setup = prepare(asked(TRIPLE, method="replay", options={"share": 0.05})).setup
    sizes = [len(task.train) for task in setup.tasks]
    kept = [-(-size // 20) for size in sizes]
    assert [[share.task for share in pool] for pool in setup.pools] == [[0], [1, 0], [2, 0, 1]]
    assert [len(share.rows) for share in setup.pools[2]] == [sizes[2], kept[0], kept[1]]
    assert setup.pools[1][1].rows.tolist() == setup.pools[2][1].rows.tolist()
    assert setup.plans[2].rows == sizes[2] + kept[0] + kept[1]


def test_replayed_rows_depend_on_the_seed(asked: Ask) -> None:
    one, same, other = (
        prepare(asked(method="replay", options={"share": 0.2}, seed=seed)).setup.pools[1][1].rows
        for seed in (1, 1, 2)
    )
    assert one.tolist() == same.tolist()
    assert one.tolist() != other.tolist()


def test_frozen_layers_never_move(briefly: Ask) -> None:
    learner = prepare(briefly(method="freeze-k", options={"layers": 1}, epochs=1))
    before = weights(learner)
    list(learner.events())
    moved = {name for name, value in weights(learner).items() if not value.equal(before[name])}
    assert any("encoder.layer.1." in name for name in moved)
    assert not any("embeddings" in name or "encoder.layer.0." in name for name in moved)


def test_more_layers_than_there_are_cannot_be_frozen(asked: Ask) -> None:
    with pytest.raises(UsageError, match="cannot freeze 3 layers: the backbone has 2"):
        prepare(asked(method="freeze-k", options={"layers": 3}))


def test_adapters_learn_and_pretrained_weights_stay(briefly: Ask) -> None:
    learner = prepare(briefly(method="lora", epochs=1))
    before = weights(learner)
    list(learner.events())
    moved = {name for name, value in weights(learner).items() if not value.equal(before[name])}
    assert moved
    assert all("lora_" in name or name.startswith("heads.") for name in moved)
    grouped = {group["choice"] for group in learner.optimizer.param_groups}
    assert grouped == {1, 2, 3}, "adapters learn at their layer's rate"


def test_joint_is_one_stage_over_all_rows(briefly: Ask) -> None:
    learner, events = learn(briefly(TRIPLE, method="joint", epochs=1))
    (plan,) = learner.setup.plans
    assert plan.rows == sum(len(task.train) for task in learner.setup.tasks)
    assert all(len(event.measurements) >= 3 for event in measured(events))


def test_single_learns_each_task_from_the_pretrained_weights(briefly: Ask) -> None:
    learner = prepare(briefly(PAIR, method="single", lr=1e-4))
    pretrained = weights(learner)
    rest = learn_until(learner, learner.setup.plans[0].last_step)
    assert not _near(weights(learner), pretrained)
    next(event for event in rest if isinstance(event, Stepped))
    assert _near(weights(learner), pretrained), "one step of Adam goes no further than its rate"
    list(rest)
    first, second = learner.validation_matrix.rows
    assert second[0] == first[0], "the first task keeps its own model"


def _near(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return all(
        (one[name] - other[name]).abs().max() <= 1.01e-4
        for name in one
        if name.startswith("backbone")
    )
