import torch
from torch import Tensor

from engine.learning.methods.anchor import Anchor, backbone_weights, copied_weights
from engine.learning.model import SequenceModel
from engine.learning.prepare import prepare
from tests.engine.learning.asking import Ask


def _moved(model: SequenceModel, by: float) -> None:
    with torch.no_grad():
        for _, weight in backbone_weights(model):
            weight.add_(by)


def _pull(anchor: Anchor, model: SequenceModel) -> dict[str, Tensor]:
    model.zero_grad()
    anchor.penalty(model).backward()
    return {name: weight.grad.clone() for name, weight in backbone_weights(model)}


def test_no_pull_at_the_anchor_and_a_pull_back_beside_it(ask: Ask) -> None:
    model = prepare(ask()).model
    anchors = copied_weights(model)
    anchor = Anchor(anchors, {name: torch.full_like(w, 3.0) for name, w in anchors.items()})
    assert anchor.penalty(model).item() == 0.0
    _moved(model, 0.25)
    count = sum(weight.numel() for weight in anchors.values())
    torch.testing.assert_close(
        anchor.penalty(model), torch.tensor(0.5 * 3.0 * 0.25**2 * count), rtol=1e-3, atol=0.0
    )
    for gradient in _pull(anchor, model).values():
        # a step against the gradient leads back
        torch.testing.assert_close(gradient, torch.full_like(gradient, 0.75), rtol=1e-3, atol=1e-4)


def test_two_anchors_pull_together_as_they_do_one_by_one(ask: Ask) -> None:
    model = prepare(ask()).model
    torch.manual_seed(1)
    here = copied_weights(model)
    there = {name: weight + torch.randn_like(weight) for name, weight in here.items()}
    one = Anchor(here, {name: torch.rand_like(weight) for name, weight in here.items()})
    other = Anchor(there, {name: torch.rand_like(weight).round() for name, weight in here.items()})
    _moved(model, 0.1)
    apart = [_pull(anchor, model) for anchor in (one, other)]
    joined = _pull(one.joined(other), model)
    for name, gradient in joined.items():
        torch.testing.assert_close(gradient, apart[0][name] + apart[1][name], rtol=1e-3, atol=1e-5)


def test_beside_the_optimizer_weights_go_towards_the_anchor_and_never_beyond(ask: Ask) -> None:
    learner = prepare(ask(rates=(0.1, 0.2, 0.3, 0.4)))
    anchors = copied_weights(learner.model)
    anchor = Anchor(anchors, {name: torch.full_like(w, 4.0) for name, w in anchors.items()})
    _moved(learner.model, 1.0)
    anchor.pull(learner.model, learner.optimizer)
    # by rate · strength: 0.4, 0.8 and, of 1.2, all
    left = {"embeddings": 0.6, "encoder.layer.0": 0.2, "encoder.layer.1": 0.0}
    for name, weight in backbone_weights(learner.model):
        (expected,) = (value for part, value in left.items() if name.startswith(part))
        torch.testing.assert_close(weight - anchors[name], torch.full_like(weight, expected))


def test_weights_that_matter_to_nobody_are_free(ask: Ask) -> None:
    model = prepare(ask()).model
    here = copied_weights(model)
    nothing = {name: torch.zeros_like(weight) for name, weight in here.items()}
    joined = Anchor(here, nothing).joined(Anchor(here, nothing))
    _moved(model, 1.0)
    assert joined.penalty(model).item() == 0.0
