from collections import Counter

import numpy as np
import pytest
import torch
from torch.nn import functional

from engine.learning.events import Wanted
from engine.learning.learner import SequenceLearner
from engine.learning.methods.derpp import Derpp
from engine.learning.methods.memory import Reservoir
from engine.learning.plan import parts_of
from engine.learning.prepare import prepare
from tests.engine.learning.asking import Ask, learn, learn_until
from tests.engine.learning.methods.gradients import ROWS, logits


def test_whatever_was_offered_is_in_the_reservoir_with_equal_chance() -> None:
    found = Counter[int]()
    for seed in range(3000):
        reservoir, draw = Reservoir(5), np.random.default_rng(seed)
        for row in range(20):
            reservoir.offer((0, row), torch.zeros(1), draw)
        found.update(row for _, row in reservoir.sample(99, draw))
    assert sum(found.values()) == 5 * 3000
    expected, spread = 3000 / 4, (3000 * 0.25 * 0.75) ** 0.5
    assert all(abs(count - expected) < 4 * spread for count in found.values())


def test_a_row_is_in_the_reservoir_once_with_what_it_had_first() -> None:
    reservoir, draw = Reservoir(3), np.random.default_rng(0)
    for value in (1.0, 2.0):
        reservoir.offer((0, 7), torch.tensor([value]), draw)
    assert (len(reservoir), reservoir[0, 7].item()) == (1, 1.0)
    assert reservoir.sample(9, draw) == [(0, 7)]


def _resting(ask: Ask, **options: float) -> SequenceLearner:
    learner = prepare(ask(method="derpp", options=options, dropout=False))
    learner.model.eval()
    return learner


def test_the_buffer_has_the_logits_of_the_step_that_met_the_row(ask: Ask) -> None:
    learner = _resting(ask)
    expected, _ = logits(learner, 0)
    learner.method.begin_step(learner.setup, learner.model, 0, 1)
    learner._step(Wanted(0, 1, ROWS))
    assert isinstance(learner.method, Derpp)
    buffer = learner.method.buffer
    assert len(buffer) == 16
    kept = torch.stack([buffer[0, int(row)] for row in ROWS])
    torch.testing.assert_close(kept, expected.detach())


@pytest.mark.parametrize("at_once", [16, 5])
def test_the_loss_is_of_the_batch_and_of_two_draws_from_the_buffer(at_once: int, ask: Ask) -> None:
    learner = _resting(ask, rows=20, alpha=0.3, beta=0.7)
    learn_until(learner, learner.setup.plans[0].last_step + 2)
    learner.model.eval()
    method, setup = learner.method, learner.setup
    assert isinstance(method, Derpp)
    by_hand = functional.cross_entropy(*logits(learner, 1))
    batch = parts_of(setup.pools[1], ROWS)
    replayed = method.learnt_from(setup, 1, 3, batch)[1:]
    assert {part.task for part in replayed} == {0, 1}
    for purpose, weight in (("logits", 0.3), ("labels", 0.7)):
        parts = [part for part in replayed if part.purpose == purpose]
        assert sum(len(part.rows) for part in parts) == 16
        assert sum(part.weight for part in parts) == pytest.approx(weight)
    for part in replayed:
        said, labels = logits(learner, part.task, part.rows)
        kept = torch.stack([method.buffer[part.task, int(row)] for row in part.rows])
        far = functional.mse_loss(said, kept), functional.cross_entropy(said, labels)
        by_hand = by_hand + part.weight * far[part.purpose == "labels"]
    learner._gradients.rows_at_once = at_once
    found = learner._gradients.of_step(Wanted(1, 3, ROWS))
    assert float(found) == pytest.approx(float(by_hand.detach()), rel=1e-5)


def test_the_buffer_never_grows_beyond_its_rows_and_has_all_tasks(ask: Ask) -> None:
    learner, _ = learn(ask(method="derpp", options={"rows": 30}, epochs=1))
    assert isinstance(learner.method, Derpp)
    assert len(learner.method.buffer) == 30
    assert learner.method.buffer.tasks == {0, 1}
