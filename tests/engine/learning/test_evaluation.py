import numpy as np
import pytest
import torch
from torch.nn import functional

from engine.learning.device import to_device
from engine.learning.evaluation import evaluate
from engine.learning.learner import SequenceLearner
from tests.engine.learning.asking import Ask, learn


@pytest.fixture(scope="module")
def learner(ask: Ask) -> SequenceLearner:
    return learn(ask(epochs=1))[0]


def test_every_row_as_if_it_were_alone(learner: SequenceLearner) -> None:
    setup = learner.setup
    rows = setup.tasks[1].validation
    found = evaluate(learner.model, rows, 1, setup.device)
    learner.model.eval()
    for row in range(len(rows)):
        batch = to_device(rows.batch([row]), setup.device)
        label = batch.pop("labels")
        with torch.no_grad():
            logits = learner.model(batch, 1)
        assert found.losses[row] == pytest.approx(
            float(functional.cross_entropy(logits, label)), abs=1e-5
        )
        assert found.predicted[row] == int(logits.argmax())
        assert found.labels[row] == int(label)


def test_sums_up(learner: SequenceLearner) -> None:
    rows = learner.setup.tasks[1].validation
    found = evaluate(learner.model, rows, 1, learner.setup.device)
    right = [given == label for given, label in zip(found.predicted, rows.labels, strict=True)]
    assert found.accuracy == pytest.approx(sum(right) / 32)
    assert found.loss == pytest.approx(float(np.mean(found.losses)))
    assert found.class_counts(3) == tuple(int((found.predicted == c).sum()) for c in range(3))
    assert found.class_counts(5)[3:] == (0, 0)


@pytest.mark.parametrize("training", [True, False])
def test_leaves_dropout_as_it_was(learner: SequenceLearner, training: bool) -> None:
    learner.model.train(training)
    evaluate(learner.model, learner.setup.tasks[0].retention, 0, learner.setup.device)
    assert all(part.training is training for part in learner.model.modules())


def test_long_rows_are_evaluated_a_few_at_a_time(
    learner: SequenceLearner, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = learner.setup.tasks[1].validation
    whole = evaluate(learner.model, rows, 1, learner.setup.device)
    monkeypatch.setattr("engine.learning.device._TOKENS_AT_ONCE", 20)
    in_pieces = evaluate(learner.model, rows, 1, learner.setup.device)
    assert np.array_equal(whole.predicted, in_pieces.predicted)
    assert np.allclose(whole.losses, in_pieces.losses, atol=1e-5)
