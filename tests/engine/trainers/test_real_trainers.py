"""The scripts and files run in the trainers themselves, a few steps on a tiny model."""

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from datasets import Dataset
from msgspec.structs import replace
from torch import nn
from transformers import AutoModel

from engine.trainers.tools import TOOLS
from tests.engine.profiles.models import LAYERS, bare
from tests.engine.trainers.conftest import PROFILE, RATES, rates_by_name, request_for

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")

ROWS = [{"input_ids": torch.tensor([1, 2, 3]), "labels": torch.tensor(n % 2)} for n in range(8)]
PAIRS = {
    "anchor": ["old city", "dull road", "new river", "soup"] * 2,
    "positive": ["new city", "weak road", "old river", "bread"] * 2,
    "label": [1, 0, 1, 0] * 2,
}
Library = Callable[[str], ModuleType]


def run(tool: str, model: str) -> dict[str, Any]:
    """Run what is written for a trainer; return what it has made."""
    script: dict[str, Any] = {}
    exec(compile(TOOLS[tool].write(request_for((), model=model)), tool, "exec"), script)
    return script


def found_rates(optimizer: torch.optim.Optimizer, model: nn.Module) -> dict[str, float]:
    """Read the rates of all parameters back from an optimizer; each is in one group."""
    name_of = {id(parameter): name for name, parameter in model.named_parameters()}
    found = [
        (name_of[id(parameter)], group["lr"])
        for group in optimizer.param_groups
        for parameter in group["params"]
    ]
    assert len(dict(found)) == len(found)
    return dict(found)


def test_hf_trainer(tiny_model: Path) -> None:
    trainer = run("hf-trainer", str(tiny_model))["trainer"]
    assert found_rates(trainer.optimizer, trainer.model) == rates_by_name(trainer.model)


def test_peft(tiny_model: Path) -> None:
    script = run("peft", str(tiny_model))
    found = found_rates(script["optimizer"], script["adapted"])
    assert found == rates_by_name(script["adapted"])
    assert {name.split("lora_")[0].rpartition("layer.")[2][:1] for name in found} >= {"0", "1", "2"}
    assert set(found.values()) == set(RATES[1:])


def test_lightning_logs_every_group_by_its_name(tiny_model: Path) -> None:
    script = run("lightning", str(tiny_model))
    lightning, module = script["lightning"], script["module"]
    monitor = script["LearningRateMonitor"]("step")
    trainer = lightning.Trainer(
        max_steps=3,
        log_every_n_steps=1,
        accelerator="cpu",
        callbacks=[monitor],
        logger=lightning.pytorch.loggers.CSVLogger(tiny_model.parent),
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
    )
    trainer.fit(module, torch.utils.data.DataLoader(ROWS, batch_size=2))
    assert found_rates(trainer.optimizers[0], module.model) == rates_by_name(module.model)
    assert set(monitor.lrs) >= {f"lr-AdamW/{label}" for label in PROFILE.grouping.labels()}
    assert monitor.lrs["lr-AdamW/heads"] == [RATES[-1]] * 3


def test_timm(tiny_model: Path, library: Library) -> None:
    library("timm.optim")
    name = "vit_tiny_patch16_224"
    profile = replace(PROFILE, learning_rates=RATES)
    script: dict[str, Any] = {}
    text = TOOLS["timm"].write(request_for((), profile, name))
    assert f'create_model("{name}")' in text
    exec(text.replace(f'"{name}"', f'"{name}", depth={LAYERS}'), script)
    model = script["model"]
    assert found_rates(script["optimizer"], model) == rates_by_name(model)
    spared = [group for group in script["optimizer"].param_groups if not group["weight_decay"]]
    assert all(parameter.ndim == 1 for group in spared for parameter in group["params"])


@pytest.mark.parametrize("loss", ["SoftmaxLoss", "MultipleNegativesRankingLoss"])
def test_sentence_transformers(tiny_model: Path, loss: str) -> None:
    import sentence_transformers as st

    text = TOOLS["sentence-transformers"].write(
        request_for([n for n, _ in AutoModel.from_pretrained(tiny_model).named_parameters()])
    )
    model = st.SentenceTransformer(str(tiny_model), device="cpu")
    softmax = loss == "SoftmaxLoss"
    options = {"num_labels": 2, "sentence_embedding_dimension": 32} if softmax else {}
    objective = getattr(st.sentence_transformer.losses, loss)(model, **options)
    columns = PAIRS if softmax else {name: PAIRS[name] for name in ("anchor", "positive")}
    trainer = st.SentenceTransformerTrainer(
        model=model,
        args=st.SentenceTransformerTrainingArguments(
            output_dir=str(tiny_model.parent / "out"),
            max_steps=2,
            per_device_train_batch_size=2,
            lr_scheduler_type="constant",
            report_to=[],
            use_cpu=True,
            save_strategy="no",
            disable_tqdm=True,
            **json.loads(text),
        ),
        train_dataset=Dataset.from_dict(columns),
        loss=objective,
    )
    trainer.train()
    inner = rates_by_name(model[0].auto_model)
    expected = {
        name: next(
            (rate for end, rate in inner.items() if name.endswith(f"model.{end}")), RATES[-1]
        )
        for name, parameter in objective.named_parameters()
    }
    assert found_rates(trainer.optimizer.optimizer, objective) == expected
    assert len(inner) + 2 * softmax == len(expected)


def test_torchtitan(library: Library) -> None:
    optimizers = library("torchtitan.components.optimizer")
    entry = TOOLS["torchtitan"]
    names = entry.own_names([name for name, _ in bare("llama").named_parameters()])
    script: dict[str, Any] = {}
    exec(entry.write(request_for(names)), script)
    script["OPTIMIZER"].implementation = "for-loop"
    model = named_as(names)
    (optimizer,) = optimizers.OptimizersContainer(script["OPTIMIZER"], model_parts=[model])
    assert found_rates(optimizer, model) == rates_by_name(model)


def test_fairseq2(library: Library) -> None:
    import yaml

    recipe, config = library("fairseq2.recipe.optim"), library("fairseq2.recipe.config")
    entry = TOOLS["fairseq2"]
    names = entry.own_names([name for name, _ in bare("llama").named_parameters()])
    section = yaml.safe_load(entry.write(request_for(names)))["optimizer"]["config"]
    groups = [config.AdamWGroupConfig(**group) for group in section["groups"]]
    model = named_as(names)
    prepared = recipe.prepare_parameter_groups(model, groups)
    optimizer = torch.optim.AdamW(prepared, lr=section["lr"])
    assert found_rates(optimizer, model) == rates_by_name(model)


def test_axolotl(library: Library, tmp_path: Path) -> None:
    import yaml
    from transformers import TrainingArguments

    mixins = library("axolotl.core.trainers.mixins.optimizer")
    model = bare("llama")
    config = yaml.safe_load(
        TOOLS["axolotl"].write(request_for([name for name, _ in model.named_parameters()]))
    )
    arguments = TrainingArguments(output_dir=str(tmp_path), use_cpu=True)
    for name, value in {**config, "embedding_lr_scale": None, "loraplus_lr_ratio": None}.items():
        setattr(arguments, name, value)
    optimizer = mixins.OptimizerMixin(model=model, args=arguments).create_optimizer()
    expected = {
        name: config["learning_rate"] if "norm" in name else rate
        for name, rate in rates_by_name(model).items()
    }
    assert found_rates(optimizer, model) == expected


def named_as(names: tuple[str, ...]) -> nn.Module:
    """Return a model whose parameters have these names."""
    model = nn.Module()
    for name in names:
        *modules, own = name.split(".")
        holder = model
        for module in modules:
            if module not in dict(holder.named_children()):
                holder.add_module(module, nn.Module())
            holder = holder.get_submodule(module)
        holder.register_parameter(own, nn.Parameter(torch.zeros(2, 2)))
    return model
