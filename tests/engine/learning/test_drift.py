"""How far layers move from where a run began."""

import gc
import os
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from torch import Tensor
from transformers import AutoModel

from engine.learning.backbone import Backbone, forget_backbone, load_backbone, pristine_backbone
from engine.learning.events import Event, Measured
from engine.learning.prepare import prepare
from tests.engine.learning.asking import TRIPLE, Ask, learn, same_weights, weights
from tests.tiny import tiny_backbone

LAYERS = ["embeddings", "layer 1", "layer 2", "heads"]
HALF = {"method": "freeze-k", "options": {"layers": 1}}


def _drift(events: list[Event]) -> list[dict[str, float]]:
    """Return the drift of every layer at the end of each stage."""
    ends = [event for event in events if isinstance(event, Measured) and event.fraction == 1.0]
    return [{item.layer: item.drift for item in end.drift} for end in ends]


def _norm(tensors: list[Tensor]) -> float:
    return float(torch.cat([tensor.flatten() for tensor in tensors]).double().norm())


def test_said_of_every_layer_at_the_end_of_each_stage_and_only_there(ask: Ask) -> None:
    _, events = learn(ask(TRIPLE, epochs=1))
    assert [list(item) for item in _drift(events)] == [LAYERS] * 3
    assert not any(e.drift for e in events if isinstance(e, Measured) and e.fraction < 1.0)
    layer = [item["layer 2"] for item in _drift(events)]
    assert all(before < after for before, after in pairwise([0.0, *layer]))


def test_it_is_the_norm_of_the_change_over_that_of_the_beginning(ask: Ask) -> None:
    spec = ask(epochs=1)
    learner, events = learn(spec)
    began = dict(load_backbone(spec.model).module.named_parameters())
    now = dict(learner.model.backbone.named_parameters())
    names = [name for name in now if name.startswith("encoder.layer.1.")]
    change = _norm([now[name].detach() - began[name].detach() for name in names])
    whole = _norm([began[name].detach() for name in names])
    assert _drift(events)[-1]["layer 2"] == pytest.approx(change / whole)


def test_embeddings_count_tokens_that_are_not_used(ask: Ask) -> None:
    """What sequences leave out of the vocabulary must not decide how far it seems to move."""
    spec = ask(epochs=1)
    learner, events = learn(spec)
    began = dict(load_backbone(spec.model).module.embeddings.named_parameters())
    now = dict(learner.model.backbone.embeddings.named_parameters())
    table = "word_embeddings.weight"
    assert len(now[table]) < len(began[table])
    change = [now[name].detach() - began[name].detach() for name in now if name != table]
    kept = learner.model.backbone.get_input_embeddings()
    tokens = torch.nonzero(kept.place >= 0).flatten()
    change.append(now[table].detach() - began[table].detach()[tokens])
    whole = _norm([weight.detach() for weight in began.values()])
    assert _drift(events)[-1]["embeddings"] == pytest.approx(_norm(change) / whole)


def test_what_is_frozen_does_not_drift(ask: Ask) -> None:
    _, events = learn(ask(epochs=1, **HALF))
    for item in _drift(events):
        assert (item["embeddings"], item["layer 1"]) == (0.0, 0.0)
        assert item["layer 2"] > 0


def test_adapters_drift_by_what_they_add_to_a_layer(ask: Ask) -> None:
    learner, events = learn(ask(epochs=1, method="lora"))
    found = _drift(events)[-1]
    assert list(found) == LAYERS
    query = learner.model.backbone.encoder.layer[1].attention.self.query
    assert found["embeddings"] == 0.0
    assert found["layer 2"] > 0.0
    began = dict(load_backbone(str(ask.model)).module.named_parameters())
    scaling = query.scaling["default"]
    adapters = [
        scaling * module.lora_B["default"].weight @ module.lora_A["default"].weight
        for name, module in learner.model.backbone.named_modules()
        if name.startswith("encoder.layer.1.") and hasattr(module, "lora_B")
    ]
    whole = _norm([w.detach() for name, w in began.items() if name.startswith("encoder.layer.1.")])
    assert found["layer 2"] == pytest.approx(_norm([a.detach() for a in adapters]) / whole)


def test_a_model_that_is_gone_costs_the_drift_and_nothing_else(
    ask: Ask, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tiny_backbone(tmp_path_factory.mktemp("gone"))
    learner = prepare(Ask(data=ask.data, model=folder)(epochs=1))
    for file in folder.iterdir():
        file.unlink()
    events = list(learner.events())
    assert _drift(events) == [{}, {}]
    assert len(learner.validation_matrix.rows) == 2


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every folder that a backbone is loaded from, from now on."""
    found: list[str] = []
    load = AutoModel.from_pretrained

    def seen(path: str, **options: object) -> object:
        found.append(path)
        return load(path, **options)

    monkeypatch.setattr(AutoModel, "from_pretrained", seen)
    forget_backbone()
    return found


def test_one_load_serves_all_runs_of_a_worker_and_their_drift(ask: Ask, loads: list[str]) -> None:
    learner, events = learn(ask(epochs=1))
    again, same = learn(ask(epochs=1))
    assert loads == [str(ask.model)]
    assert _drift(events) == _drift(same)
    assert same_weights(weights(learner), weights(again))
    assert all(
        torch.equal(one, other)
        for one, other in zip(
            pristine_backbone(str(ask.model)).module.parameters(),
            load_backbone(str(ask.model)).module.parameters(),
            strict=True,
        )
    )


def test_other_files_or_another_model_take_the_place_of_what_was_kept(
    ask: Ask, tmp_path: Path, loads: list[str]
) -> None:
    mine = tiny_backbone(tmp_path / "mine")
    prepare(ask(epochs=1))
    other = Ask(data=ask.data, model=mine)
    prepare(other(epochs=1))
    weights_file = mine / "model.safetensors"
    os.utime(weights_file, (0, 0))
    prepare(other(epochs=1))
    prepare(other(epochs=1))
    assert loads == [str(ask.model), str(mine), str(mine)]
    gc.collect()
    kept = [item for item in gc.get_objects() if type(item) is Backbone]
    assert len(kept) == 1
