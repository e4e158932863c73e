"""A method whose strength is nothing learns what ``flat`` does, to the last bit."""

from collections.abc import Mapping

import pytest

from engine.learning.events import Event
from engine.learning.learner import SequenceLearner
from tests.engine.learning.asking import PAIR, Ask, learn, measured, same_weights, weights

RATES = (1e-3, 2e-3, 3e-3, 4e-3)
NOTHING: Mapping[str, Mapping[str, float]] = {
    "a-gem": {"share": 0.0},
    "derpp": {"alpha": 0.0, "beta": 0.0},
    "ema": {"decay": 0.0},
    "l2-sp": {"strength": 0.0},
    "lwf": {"strength": 0.0},
    "replay": {"share": 0.0},
    "ewc-task": {"importance": 0.0, "rows": 4},
    "mixout": {"p": 0.0},
    "recadam": {"k": 1000.0, "middle": 0.0},
    "sam": {"rho": 0.0},
    "sfa": {"beta": 0.0},
    "wise-ft": {"alpha": 1.0},
}


Learnt = tuple[SequenceLearner, list[Event]]


@pytest.fixture(scope="module")
def profile(ask: Ask) -> Learnt:
    return learn(ask(PAIR, rates=RATES, epochs=1))


@pytest.mark.parametrize("method", NOTHING)
def test_with_a_profile(method: str, profile: Learnt, ask: Ask) -> None:
    learner, events = profile
    spec = ask(PAIR, method=method, rates=RATES, options=NOTHING[method], epochs=1)
    same, found = learn(spec)
    assert same_weights(weights(same), weights(learner))
    assert measured(found) == measured(events)
