"""What is seen of single steps: their loss, and how far they move each layer."""

from collections.abc import Sequence
from itertools import pairwise
from statistics import fmean

import pytest
import torch
from torch import Tensor

from engine.learning.events import Event, Stepped, Trace
from engine.learning.learner import SequenceLearner
from engine.learning.prepare import prepare
from engine.learning.stacked.stack import Stack
from tests.engine.learning.asking import TRIPLE, Ask, learn, losses, weights

LAYER_2 = "backbone.encoder.layer.1."


def traces(events: Sequence[Event]) -> list[Trace]:
    return [trace for event in events if isinstance(event, Stepped) for trace in event.traces]


def _norm(named: dict[str, Tensor]) -> float:
    parts = [value.flatten() for name, value in named.items() if name.startswith(LAYER_2)]
    return float(torch.cat(parts).double().norm())


def test_a_ratio_is_the_norm_of_the_update_over_that_of_the_weights(ask: Ask) -> None:
    learner = prepare(ask(epochs=1))
    before, found = weights(learner), []
    for event in learner.events():
        if isinstance(event, Stepped):
            now = weights(learner)
            moved = _norm({name: now[name] - before[name] for name in now})
            (trace,) = event.traces
            found.append((trace.ratios[2], torch.tensor(moved / _norm(before)).log10().item()))
            before = now
    assert len(found) == learner.steps_taken
    for seen, exact in found:
        assert seen == pytest.approx(exact, abs=0.02)


def test_there_is_one_for_the_embeddings_each_layer_and_the_heads(ask: Ask) -> None:
    _, events = learn(ask(TRIPLE, epochs=1))
    assert {len(trace.ratios) for trace in traces(events)} == {4}
    assert all(None not in trace.ratios for trace in traces(events))


def test_what_does_not_learn_has_none(ask: Ask) -> None:
    _, events = learn(ask(epochs=1, method="freeze-k", options={"layers": 1}))
    for trace in traces(events):
        assert trace.ratios[:2] == (None, None)
        assert None not in trace.ratios[2:]


def test_of_a_long_stage_few_steps_are_looked_at_and_the_last_one_is(ask: Ask) -> None:
    learner, events = learn(ask(epochs=1, batch_size=1, train_rows=36))
    (first, second) = learner.setup.plans
    steps = [trace.step for trace in traces(events)]
    assert len(steps) == 64 < learner.steps_taken
    assert first.last_step in steps
    assert steps[-1] == second.last_step
    of_steps = losses(events)
    assert None not in of_steps
    for (since, _), trace in zip(pairwise([0, *steps]), traces(events), strict=True):
        between = [loss for loss in of_steps[since : trace.step] if loss is not None]
        assert trace.loss == pytest.approx(fmean(between), rel=1e-5)


def test_a_loss_that_is_no_number_is_none(ask: Ask) -> None:
    learner = prepare(ask(epochs=1))
    with torch.no_grad():
        learner.model.heads[0].bias.fill_(float("nan"))
    seen: list[Trace] = []
    for event in learner.events():
        if isinstance(event, Stepped) and event.traces:
            seen += event.traces
            break
    assert seen[0].loss is None


def test_a_restored_learner_sees_what_is_left(ask: Ask) -> None:
    spec = ask(epochs=1)
    _, events = learn(spec)
    disturbed = prepare(spec)
    for event in disturbed.events():
        if isinstance(event, Stepped) and event.step == disturbed.setup.plans[0].last_step + 1:
            break
    restored = prepare(spec)
    restored.restore(disturbed.save())
    assert traces(list(restored.events())) == [
        trace for trace in traces(events) if trace.step > disturbed.steps_taken
    ]


def test_several_that_learn_together_are_seen_each(ask: Ask) -> None:
    specs = [ask(epochs=1, lr=lr, dropout=False) for lr in (1e-3, 3e-3)]
    stack, learners = Stack(), [prepare(spec) for spec in specs]
    for learner in learners:
        stack.join(learner)
    together: dict[SequenceLearner, list[Event]] = {learner: [] for learner in learners}
    for learner, event in stack.events():
        together[learner].append(event)
    for spec, learner in zip(specs, learners, strict=True):
        _, events = learn(spec)
        seen, alone = traces(together[learner]), traces(events)
        assert [trace.step for trace in seen] == [trace.step for trace in alone]
        for one, other in zip(seen, alone, strict=True):
            assert one.loss == pytest.approx(other.loss, rel=1e-3)
            assert one.ratios == pytest.approx(other.ratios, abs=0.02)
