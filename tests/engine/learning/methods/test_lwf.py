import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from engine.learning.evaluation import answers
from engine.learning.events import Wanted
from engine.learning.learner import SequenceLearner
from engine.learning.prepare import prepare
from tests.engine.learning.asking import TRIPLE, Ask, learn_until

ROWS = np.arange(16)


def _at_third_stage(ask: Ask, **options: float) -> SequenceLearner:
    """Return a learner that begins its third task."""
    spec = ask(TRIPLE, method="lwf", options=options, epochs=1, dropout=False)
    learner = prepare(spec)
    learn_until(learner, learner.setup.plans[1].last_step)
    learner._begin_stage(2)
    learner.model.eval()
    return learner


def _scores(learner: SequenceLearner) -> list[Tensor]:
    """Return what all three heads say of the third task's first rows."""
    with torch.no_grad():
        found = answers(learner.model, learner.setup.tasks[2].train, range(3), learner.setup.device)
    return [found[task][:16] for task in range(3)]


def test_the_loss_is_the_new_tasks_and_that_of_what_was_said_before(ask: Ask) -> None:
    learner = _at_third_stage(ask, strength=0.7, temperature=3.0)
    before = _scores(learner)
    with torch.no_grad():
        for weight in learner.model.parameters():
            weight.mul_(1.1)
    now = _scores(learner)
    labels = torch.from_numpy(learner.setup.tasks[2].train.labels[:16])
    by_hand = functional.cross_entropy(now[2], labels)
    for task in (0, 1):
        target = functional.softmax(before[task], 1) ** (1 / 3)
        said = functional.softmax(now[task], 1) ** (1 / 3)
        target, said = (each / each.sum(1, keepdim=True) for each in (target, said))
        by_hand -= 0.7 * (target * said.log()).sum(1).mean()
    for at_once in (16, 5):
        learner._gradients.rows_at_once = at_once
        found = learner._gradients.of_step(Wanted(2, 1, ROWS))
        assert float(found) == pytest.approx(float(by_hand), rel=1e-5)


def test_nothing_pulls_where_all_heads_say_what_they_said(ask: Ask) -> None:
    learner, free = (_at_third_stage(ask, strength=strength) for strength in (5.0, 0.0))
    free.model.load_state_dict(learner.model.state_dict())
    found = []
    for each in (learner, free):
        each._gradients.of_step(Wanted(2, 1, ROWS))
        named = each.model.backbone.named_parameters()
        found.append({name: weight.grad for name, weight in named if weight.grad is not None})
    torch.testing.assert_close(*found, rtol=1e-3, atol=1e-6)


def test_earlier_heads_go_on_saying_what_they_said_and_learn(ask: Ask) -> None:
    def moved(strength: float) -> tuple[float, bool]:
        learner = prepare(ask(method="lwf", options={"strength": strength}, dropout=False))
        rest = learn_until(learner, learner.setup.plans[0].last_step)
        rows, device = learner.setup.tasks[1].train, learner.setup.device
        before, head = answers(learner.model, rows, [0], device), _first_head(learner)
        list(rest)
        after = answers(learner.model, rows, [0], device)
        apart = after[0].softmax(1) - before[0].softmax(1)
        return float(apart.norm()), not _first_head(learner).equal(head)

    (free, rested), (held, learnt) = moved(0.0), moved(50.0)
    assert held < 0.8 * free
    assert (rested, learnt) == (False, True)


def _first_head(learner: SequenceLearner) -> Tensor:
    return learner.model.state_dict()["heads.0.weight"].clone()
