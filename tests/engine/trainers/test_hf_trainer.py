"""The real Trainer of transformers, some steps on a tiny model."""

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import Seq2SeqTrainer, Seq2SeqTrainingArguments, TrainingArguments

from engine.errors import UsageError
from engine.profiles import make_grouping, param_groups
from engine.trainers.hf_trainer import ProfileTrainer
from tests.engine.profiles.models import LAYERS, Held, adapted_bert, classifier
from tests.engine.profiles.samples import sample_profile

RATES = (1e-6, 2e-6, 3e-6, 4e-6, 5e-4)
PROFILE = sample_profile(RATES, make_grouping("paper", LAYERS))
NAMES = ("embeddings", "layer 1", "layer 2", "layer 3", "heads")
ROWS = [{"input_ids": torch.tensor([1, 2, 3]), "labels": torch.tensor(n % 2)} for n in range(8)]


def arguments(folder: Path, **options: object) -> dict[str, Any]:
    return {
        "output_dir": str(folder),
        "per_device_train_batch_size": 2,
        "max_steps": 4,
        "logging_steps": 1,
        "weight_decay": 0.1,
        "report_to": [],
        "use_cpu": True,
        "save_strategy": "no",
        "disable_tqdm": True,
        **options,
    }


def trained(folder: Path, **options: object) -> ProfileTrainer:
    trainer = ProfileTrainer(
        model=classifier("bert"),
        args=TrainingArguments(**arguments(folder, **options)),
        train_dataset=ROWS,
        profile=PROFILE,
    )
    trainer.train()
    return trainer


def test_every_rate_is_logged_and_falls_from_its_own_peak(tmp_path: Path) -> None:
    logs = [log for log in trained(tmp_path).state.log_history if "loss" in log]
    assert len(logs) == 4
    for step, log in enumerate(logs):
        left = 1 - step / 4
        logged = {name: log[f"learning_rate/{name}"] for name in NAMES}
        assert logged == pytest.approx(
            {name: rate * left for name, rate in zip(NAMES, RATES, strict=True)}
        )
        assert log["learning_rate"] == log["learning_rate/embeddings"]


def test_the_real_optimizer_has_the_rates_and_decays_no_bias_and_no_norm(tmp_path: Path) -> None:
    trainer = trained(tmp_path, lr_scheduler_type="constant", optim="adamw_torch_fused")
    optimizer = trainer.optimizer.optimizer
    assert type(optimizer) is torch.optim.AdamW
    name_of = {id(parameter): name for name, parameter in trainer.model.named_parameters()}
    rate_of = {
        id(parameter): group["lr"]
        for group in param_groups(classifier("bert"), PROFILE)
        for parameter in group["params"]
    }
    assert len(rate_of) == sum(len(group["params"]) for group in optimizer.param_groups)
    for group in optimizer.param_groups:
        assert group["lr"] == RATES[group["choice"]]
        for parameter in group["params"]:
            name = name_of[id(parameter)]
            spared = name.endswith("bias") or "LayerNorm" in name
            assert group["weight_decay"] == (0.0 if spared else 0.1), name


def test_it_is_a_parent_of_other_trainers_too(tmp_path: Path) -> None:
    class Mine(ProfileTrainer, Seq2SeqTrainer):
        pass

    trainer = Mine(
        model=classifier("bert"),
        args=Seq2SeqTrainingArguments(**arguments(tmp_path)),
        train_dataset=ROWS,
        profile=PROFILE,
    )
    optimizer = trainer.create_optimizer()
    assert trainer.create_optimizer() is optimizer
    assert {group["lr"] for group in optimizer.param_groups} == set(RATES)


def test_adapters_learn_at_their_layers_rate(tmp_path: Path) -> None:
    trainer = ProfileTrainer(
        model=adapted_bert(), args=TrainingArguments(**arguments(tmp_path)), profile=PROFILE
    )
    groups = trainer.create_optimizer().param_groups
    assert [group["lr"] for group in groups if group["weight_decay"]] == list(RATES[1:])


def test_own_heads_are_told(tmp_path: Path) -> None:
    model = Held("wrapped", classifier("bert"))
    model.verdict = torch.nn.Linear(2, 2)
    asked = {"model": model, "args": TrainingArguments(**arguments(tmp_path)), "profile": PROFILE}
    with pytest.raises(UsageError, match=r"no module named 'verdikt'.*did you mean 'verdict'"):
        ProfileTrainer(**asked, head_names=["verdikt"]).create_optimizer()
    groups = ProfileTrainer(**asked, head_names=["verdict"]).create_optimizer().param_groups
    assert sum(len(group["params"]) for group in groups if group["choice"] == LAYERS + 1) == 4


def test_an_optimizer_that_makes_its_own_groups_is_refused(tmp_path: Path) -> None:
    made = {"params": [{"params": [torch.zeros(1, requires_grad=True)]}]}
    trainer = ProfileTrainer(
        model=classifier("bert"),
        args=TrainingArguments(**arguments(tmp_path)),
        profile=PROFILE,
        optimizer_cls_and_kwargs=(torch.optim.AdamW, made),
    )
    with pytest.raises(UsageError, match="'AdamW' makes its own groups, so"):
        trainer.create_optimizer()
