"""A trial that is learnt with others is the trial that is learnt alone."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice, zip_longest
from math import isnan
from pathlib import Path
from statistics import mean, stdev

import msgspec
import pytest
import torch
from torch import Tensor

from engine.errors import UsageError
from engine.learning.checkpoint import read_checkpoint, write_checkpoint
from engine.learning.events import Event, Measured, Stepped
from engine.learning.learner import SequenceLearner
from engine.learning.prepare import prepare
from engine.learning.stacked.stack import Stack, fit_each_other
from engine.spec import RunSpec
from tests.engine.learning.asking import TRIPLE, Ask, learn, learn_until, losses, measured

Alone = Callable[[RunSpec], tuple[SequenceLearner, list[Event]]]
RATES = (1e-3, 3e-3, 1e-3, 5e-3)
LOSSES = 1e-5
"""Relative."""
WEIGHTS = 1e-4
"""Absolute, after all steps."""
ONLY_ROUNDING = "key.bias"
"""Attention does not change with it: its gradient is what sums round to, which Adam magnifies."""

pytestmark = pytest.mark.filterwarnings("ignore:grad and param do not obey the gradient layout")

ORIGINAL_CODE = {
    "optimizer_state": "carried",
    "idle_heads": "drifting",
    "loss": "softmax-cross-entropy",
    "selection": "validation",
    "shuffle": False,
}


@pytest.fixture(scope="module")
def alone() -> Alone:
    """Learn to the end as one trial alone; once for all tests that ask for the same."""
    known: dict[bytes, tuple[SequenceLearner, list[Event]]] = {}

    def learn_once(spec: RunSpec) -> tuple[SequenceLearner, list[Event]]:
        key = msgspec.json.encode(spec)
        if key not in known:
            known[key] = learn(spec)
        return known[key]

    return learn_once


def _specs(ask: Ask, **protocol: object) -> tuple[RunSpec, RunSpec, RunSpec]:
    """Ask for three trials of two steps a stage, alike but for rates and seeds."""
    usual = {"epochs": 1, "batch_size": 24, "measures_per_epoch": 2, "dropout": False}
    asked = {**usual, **protocol}
    return (
        ask(seed=1, lr=1e-3, **asked),
        ask(seed=2, rates=RATES, **asked),
        ask(seed=2, method="llrd", lr=3e-3, options={"decay": 0.5}, **asked),
    )


def _stack(learners: Iterable[SequenceLearner]) -> Stack:
    stack = Stack()
    for learner in learners:
        stack.join(learner)
    return stack


def _said(
    events: Iterator[tuple[SequenceLearner, Event]],
) -> Mapping[SequenceLearner, list[Event]]:
    said: dict[SequenceLearner, list[Event]] = {}
    for learner, event in events:
        said.setdefault(learner, []).append(event)
    return said


def _until(stack: Stack, learner: SequenceLearner, step: int) -> None:
    """Learn together until a learner has taken so many steps."""
    for one, event in stack.events():
        if one is learner and isinstance(event, Stepped) and event.step == step:
            return
    raise AssertionError(f"there is no step {step}")


def _assert_same_events(together: list[Event], alone: list[Event]) -> None:
    for one, other in zip_longest(together, alone):
        if isinstance(one, Stepped):
            assert isinstance(other, Stepped)
            assert (one.stage, one.step, one.tokens) == (other.stage, other.step, other.tokens)
            assert one.loss == pytest.approx(other.loss, rel=LOSSES)
        elif isinstance(one, Measured):
            assert isinstance(other, Measured)
            assert (one.step, one.fraction) == (other.step, other.fraction)
            for found, known in zip(one.measurements, other.measurements, strict=True):
                assert (found.task, found.split) == (known.task, known.split)
                assert (found.accuracy, found.predicted) == (known.accuracy, known.predicted)
                assert found.confusion == known.confusion
                assert found.loss == pytest.approx(known.loss, rel=LOSSES)
            for moved, before in zip(one.drift, other.drift, strict=True):
                assert moved.drift == pytest.approx(before.drift, rel=1e-3)
        else:
            assert one == other


def _assert_same_state(together: SequenceLearner, alone: SequenceLearner) -> None:
    mine, known = together.save().tensors, alone.save().tensors
    assert mine.keys() == known.keys()
    for name, value in known.items():
        if name.startswith("model.") and not name.endswith(ONLY_ROUNDING):
            assert torch.allclose(mine[name], value, atol=WEIGHTS), name
        if name.endswith(".step"):
            assert mine[name].equal(value), name


@pytest.mark.parametrize(
    ("sequence", "protocol"),
    [
        (("mood", "topic"), {}),
        (("mood", "topic"), ORIGINAL_CODE),
        (("mood", "topic"), {"batching": "by-length", "batch_size": 16}),
        (TRIPLE, {"batch_size": 20}),
        (("mood", "agree"), {"batch_size": 20, "dropout": True}),
    ],
    ids=["default", "original-code", "by length", "three tasks, a short last batch", "dropout"],
)
def test_each_is_as_it_is_alone(
    alone: Alone, ask: Ask, sequence: tuple[str, ...], protocol: dict[str, object]
) -> None:
    specs = _specs(ask, sequence=sequence, **protocol)
    learners = [prepare(spec) for spec in specs]
    said = _said(_stack(learners).events())
    for spec, learner in zip(specs, learners, strict=True):
        by_itself, expected = alone(spec)
        _assert_same_events(said[learner], expected)
        _assert_same_state(learner, by_itself)
        assert learner.search_matrix == by_itself.search_matrix


def test_in_bf16_losses_are_as_near_as_bf16_is(alone: Alone, ask: Ask) -> None:
    specs = _specs(ask, precision="bf16")
    learners = [prepare(spec) for spec in specs]
    said = _said(_stack(learners).events())
    for spec, learner in zip(specs, learners, strict=True):
        _, expected = alone(spec)
        assert losses(said[learner]) == pytest.approx(losses(expected), rel=0.05)


def test_who_joins_later_is_at_another_stage_and_as_it_is_alone(alone: Alone, ask: Ask) -> None:
    specs = _specs(ask)
    first, second, third = (prepare(spec) for spec in specs)
    stack = _stack([first, second])
    half = first.setup.plans[0].steps
    _until(stack, first, half + 1)
    stack.join(third)
    said = _said(stack.events())
    for spec, learner in zip(specs, (first, second, third), strict=True):
        by_itself, expected = alone(spec)
        _assert_same_events(measured(said[learner])[-1:], measured(expected)[-1:])
        _assert_same_state(learner, by_itself)


def test_who_left_may_come_back(alone: Alone, ask: Ask) -> None:
    specs = _specs(ask)
    first, second, _ = (prepare(spec) for spec in specs)
    stack = _stack([first, second])
    _until(stack, second, 1)
    stack.leave(second)
    stack.join(second)
    list(stack.events())
    for spec, learner in zip(specs, (first, second), strict=False):
        _assert_same_state(learner, alone(spec)[0])


@pytest.mark.parametrize("step", [2, 3])
def test_who_leaves_goes_on_alone_and_the_others_as_they_were(
    alone: Alone, ask: Ask, step: int
) -> None:
    specs = _specs(ask)
    leaving, *staying = learners = [prepare(spec) for spec in specs]
    stack = _stack(learners)
    _until(stack, leaving, step)
    stack.leave(leaving)
    assert stack.learners == tuple(staying)
    storages = {value.untyped_storage().data_ptr() for value in leaving.model.parameters()}
    assert len(storages) == len(list(leaving.model.parameters()))
    after = list(leaving.events())
    said = _said(stack.events())
    by_itself, expected = alone(specs[0])
    _assert_same_state(leaving, by_itself)
    assert losses(after) == pytest.approx(losses(expected)[step:], rel=LOSSES)
    for spec, learner in zip(specs[1:], staying, strict=True):
        other, expected = alone(spec)
        _assert_same_events(said[learner][-1:], expected[-1:])
        _assert_same_state(learner, other)


def test_a_checkpoint_out_of_a_stack_goes_on_alone_or_in_another(
    alone: Alone, ask: Ask, tmp_path: Path
) -> None:
    specs = _specs(ask)
    learners = [prepare(spec) for spec in specs]
    _until(_stack(learners), learners[1], 3)
    for place, learner in enumerate(learners):  # none of them has left
        write_checkpoint(tmp_path / str(place), learner.save())
    restored = [prepare(spec) for spec in specs]
    for place, learner in enumerate(restored):
        checkpoint = read_checkpoint(tmp_path / str(place))
        assert checkpoint is not None
        learner.restore(checkpoint)
    one, *others = restored
    list(one.events())
    list(_stack(others).events())
    for spec, learner in zip(specs, restored, strict=True):
        _assert_same_state(learner, alone(spec)[0])


def test_a_checkpoint_of_a_learner_alone_goes_on_in_a_stack(alone: Alone, ask: Ask) -> None:
    specs = _specs(ask)
    early = prepare(specs[1])
    learn_until(early, 1)
    checkpoint = early.save()
    restored, new = prepare(specs[1]), prepare(specs[0])
    restored.restore(checkpoint)
    list(_stack([new, restored]).events())
    _assert_same_state(restored, alone(specs[1])[0])
    _assert_same_state(new, alone(specs[0])[0])


def test_one_that_becomes_no_number_leaves_the_others_as_they_are(alone: Alone, ask: Ask) -> None:
    specs = _specs(ask)
    lost, *others = learners = [prepare(spec) for spec in specs]
    stack = _stack(learners)
    _until(stack, lost, 1)
    with torch.no_grad():
        for weight in lost.model.parameters():
            weight.fill_(float("nan"))
    said = _said(stack.events())
    assert all(map(isnan, losses(said[lost])))
    for spec, learner in zip(specs[1:], others, strict=True):
        _assert_same_state(learner, alone(spec)[0])


def test_losses_that_are_read_late_are_read_at_measurements_and_when_no_number(
    alone: Alone, ask: Ask
) -> None:
    specs = _specs(ask, batch_size=16, measures_per_epoch=1)
    learners = [prepare(spec) for spec in specs]
    for learner in learners:
        learner.losses_at_once = 2
    said = _said(_stack(learners).events())
    for spec, learner in zip(specs, learners, strict=True):
        expected = losses(alone(spec)[1])
        found = losses(said[learner])
        read = [loss is not None for loss in found]
        assert read == [False, True, True] * (len(expected) // 3)
        known = [pair for pair in zip(found, expected, strict=True) if pair[0] is not None]
        assert [one for one, _ in known] == pytest.approx([two for _, two in known], rel=LOSSES)
        _assert_same_state(learner, alone(spec)[0])


def test_a_step_that_fails_changes_nothing_and_can_be_taken_by_fewer(
    alone: Alone, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    specs = _specs(ask)
    leaving, *_ = learners = [prepare(spec) for spec in specs]
    stack = _stack(learners)
    _until(stack, learners[2], 1)
    for learner in learners:
        list(stack.until_step(learner))
    with monkeypatch.context() as patch:
        patch.setattr(Tensor, "backward", _out_of_memory)
        with pytest.raises(torch.OutOfMemoryError):
            stack.step()
    stack.leave(leaving)
    list(stack.events())
    list(leaving.events())
    for spec, learner in zip(specs, learners, strict=True):
        _assert_same_state(learner, alone(spec)[0])


def _out_of_memory(_: Tensor) -> None:
    raise torch.OutOfMemoryError


@pytest.fixture
def padded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have rows padded and torch's own dropout, as on a GPU."""
    monkeypatch.setattr("engine.learning.prepare.pack_rows", lambda backbone: backbone)


@pytest.mark.usefixtures("padded")
def test_each_is_as_it_is_alone_as_a_gpu_learns(ask: Ask) -> None:
    specs = _specs(ask)
    learners = [prepare(spec) for spec in specs]
    said = _said(_stack(learners).events())
    for spec, learner in zip(specs, learners, strict=True):
        by_itself, expected = learn(spec)
        _assert_same_events(said[learner], expected)
        _assert_same_state(learner, by_itself)


@pytest.mark.usefixtures("padded")
def test_dropout_of_a_gpu_is_each_trials_own_and_the_same_again(ask: Ask) -> None:
    specs = [ask(seed=0, lr=1e-3, epochs=1, dropout=True) for _ in range(3)]
    first, again = (
        list(_said(_stack([prepare(spec) for spec in specs]).events()).values()) for _ in range(2)
    )
    assert [losses(events) for events in first] == [losses(events) for events in again]
    begun = [losses(events)[0] for events in first]
    assert len(set(begun)) == len(begun)  # the same weights and rows, other masks


@pytest.mark.usefixtures("padded")
def test_dropout_of_a_gpu_is_as_strong_as_alone(ask: Ask) -> None:
    """The same weights and rows many times: only masks differ, and what a mask does to a loss."""
    asked = {"lr": 1e-12, "dropout": True, "shuffle": False, "batch_size": 48, "curve_share": 0.0}
    stack = _stack([prepare(ask(epochs=24, **asked)) for _ in range(8)])
    together = (event.loss for _, event in stack.events() if isinstance(event, Stepped))
    drawn = list(islice(together, 2 * 8))
    learner = prepare(ask(epochs=24, **asked))
    steps = (event.loss for event in learner.events() if isinstance(event, Stepped))
    solo = list(islice(steps, 24))
    error = (stdev(drawn) ** 2 / len(drawn) + stdev(solo) ** 2 / len(solo)) ** 0.5
    assert abs(mean(drawn) - mean(solo)) < 4 * error
    assert 0.5 < stdev(drawn) / stdev(solo) < 2.0


def test_what_cannot_be_stacked_is_refused_by_name(ask: Ask) -> None:
    stack = _stack([prepare(_specs(ask)[0])])
    with pytest.raises(UsageError, match=r"method l2-sp learns one trial at a time; learn it"):
        stack.join(prepare(ask(method="l2-sp", options={"strength": 0.1})))
    other = prepare(ask(epochs=1, dropout=False, batch_size=8))
    assert not fit_each_other(stack.learners[0], other)
    with pytest.raises(UsageError, match="protocols are not learnt together"):
        stack.join(other)
    assert len(stack.learners) == 1


def test_rows_of_a_step_taken_alone_are_forgotten(ask: Ask) -> None:
    """What such a step drops is its rows' own; in a stack, dropout is drawn for all at once."""
    specs = [ask(seed=seed, epochs=1, dropout=True) for seed in (1, 2)]
    learners = [prepare(spec) for spec in specs]
    learn_until(learners[0], 1)
    stack = _stack(learners)
    _until(stack, learners[0], 2)
    assert all(learner.steps_taken for learner in learners)
