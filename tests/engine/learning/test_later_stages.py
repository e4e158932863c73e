"""Rates for the later stages alone: stage 1 is flat, and may be taken over from another run."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from engine.errors import UsageError
from engine.learning.checkpoint import first_stage_key, read_checkpoint, write_checkpoint
from engine.learning.events import Measured, Stepped
from engine.learning.learner import SequenceLearner
from engine.learning.prepare import prepare
from engine.spec import RunSpec
from tests.engine.learning.asking import (
    TRIPLE,
    Ask,
    go_on,
    learn,
    learn_saving,
    learn_until,
    losses,
    measured,
    same_weights,
    weights,
)

FLAT = 3e-3
PROFILE = (1e-4, 1e-3, 2e-3, 3e-3)


def _later(ask: Ask, **asked: object) -> RunSpec:
    return replace(ask(**{"rates": PROFILE, "epochs": 1, **asked}), first_lr=FLAT)


def _after_first(spec: RunSpec) -> tuple[SequenceLearner, list[float]]:
    learner, events = learn(spec)
    first = learner.setup.plans[0].last_step
    return learner, [e.loss for e in events if isinstance(e, Stepped) and e.step > first]


@pytest.mark.parametrize("optimizer_state", ["fresh", "carried"])
def test_stage_1_is_that_of_a_flat_run_and_the_later_ones_have_the_profile(
    ask: Ask, optimizer_state: str
) -> None:
    flat, flat_events = learn(ask(lr=FLAT, epochs=1, optimizer_state=optimizer_state))
    later, events = learn(_later(ask, optimizer_state=optimizer_state))
    first = flat.setup.plans[0].last_step
    assert losses(events)[:first] == losses(flat_events)[:first]
    assert losses(events)[first + 1 :] != losses(flat_events)[first + 1 :]
    groups = {group["choice"]: group["peak"] for group in later.optimizer.param_groups}
    assert groups == dict(enumerate(PROFILE))


@pytest.mark.parametrize("optimizer_state", ["fresh", "carried"])
def test_a_restored_run_has_the_rates_of_its_stage(ask: Ask, optimizer_state: str) -> None:
    spec = _later(ask, optimizer_state=optimizer_state)
    whole, _, saved = learn_saving(spec, 1, 3, 5)  # of 6: the second stage begins after 3
    for checkpoint in saved:
        resumed, _ = go_on(spec, checkpoint)
        assert same_weights(weights(resumed), weights(whole))


def test_runs_with_one_first_seed_begin_alike_and_go_on_by_their_own(
    ask: Ask, tmp_path: Path
) -> None:
    one, other = (replace(_later(ask, seed=seed), first_seed=7) for seed in (1, 2))
    first, alone = prepare(one), learn(other)
    for event in first.events():
        if isinstance(event, Measured) and event.fraction >= 1.0:
            break
    key = first_stage_key(first.setup, first.method)
    assert key is not None
    path = tmp_path / "first.safetensors"
    write_checkpoint(path, first.first_stage(key))
    found = read_checkpoint(path)
    assert found is not None

    taking = prepare(other)
    assert first_stage_key(taking.setup, taking.method) == key
    taking.take_over(found)
    events = list(taking.events())
    assert same_weights(weights(taking), weights(alone[0]))
    assert measured(events) == measured(alone[1])


def test_the_first_stage_is_that_of_a_flat_run_with_its_seed(ask: Ask) -> None:
    flat = prepare(ask(lr=FLAT, seed=7, epochs=1))
    later = prepare(replace(_later(ask, seed=1), first_seed=7))
    keys = [first_stage_key(each.setup, each.method) for each in (flat, later)]
    assert keys[0] == keys[1]
    heads = [each.model.heads for each in (flat, later, prepare(ask(seed=1)))]
    assert heads[1][0].weight.equal(heads[0][0].weight)
    assert heads[1][1].weight.equal(heads[2][1].weight), "later heads are of the run's own seed"


def test_a_stage_that_was_gone_on_with_can_be_kept_too(ask: Ask) -> None:
    spec = _later(ask, sequence=TRIPLE)
    whole, events = learn(spec)
    stopped = prepare(spec)
    learn_until(stopped, whole.setup.plans[0].last_step - 1)
    resumed = prepare(spec)
    resumed.restore(stopped.save())
    for event in resumed.events():
        if isinstance(event, Measured) and event.fraction >= 1.0:
            break
    in_first = [event for event in measured(events) if event.stage == 0]
    assert list(resumed.position.first_stage) == in_first


@pytest.mark.parametrize("method", ["freeze-k", "ewc-task", "replay", "lora", "single"])
def test_every_method_with_stages_takes_such_rates(ask: Ask, method: str) -> None:
    options = {"freeze-k": {"layers": 1}, "ewc-task": {"rows": 8}}.get(method, {})
    spec = replace(_later(ask), method=method, options=options)
    learner = prepare(spec)
    assert learner.setup.rates_of(0) == (FLAT,) * len(PROFILE)
    learn_until(learner, learner.setup.plans[0].last_step + 1)
    rates = {group["choice"]: group["peak"] for group in learner.optimizer.param_groups}
    assert rates == {choice: PROFILE[choice] for choice in rates}


def test_what_has_one_stage_takes_none(ask: Ask) -> None:
    spec = replace(_later(ask), method="joint", options={})
    with pytest.raises(UsageError, match="joint learns in one stage, and these rates are for lat"):
        prepare(spec)
