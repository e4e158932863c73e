"""The script one would write without this project: python -m bench.by_hand --help

A search for one learning rate per group of layers with Optuna (TPE, MedianPruner) and Hugging Face
Trainer: two tasks learnt one after the other, a head each, and what is maximised is the accuracy on
the first after the second was learnt, plus that on the second. Rows are JSON lines with ``label``
and ``text`` or ``text`` and ``text_pair``, in FOLDER/TASK/{train,search}.jsonl; each trial that has
ended is a line of --log. Nothing of this project is used.
"""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import numpy as np
import optuna
import torch
import transformers
import typer
from datasets import Dataset, disable_progress_bars, load_dataset
from torch import Tensor, nn
from transformers import (
    AutoModel,
    AutoTokenizer,
    BatchEncoding,
    DataCollatorWithPadding,
    EvalPrediction,
    PreTrainedTokenizerBase,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainerState,
    TrainingArguments,
    get_cosine_schedule_with_warmup,
    set_seed,
)

MOST_ENCODER_GROUPS = 8
WARMUP = 0.1
FIRST_GUESS = 5e-5
NAMES = ("first", "second")


class TwoTasks(nn.Module):
    """An encoder with a head for each task; a row says which task it is of."""

    def __init__(self, name: str, classes: Sequence[int]) -> None:
        super().__init__()
        self.encoder = AutoModel.from_pretrained(
            name, add_pooling_layer=False, trust_remote_code=False
        )
        config = self.encoder.config
        self.dropout = nn.Dropout(config.hidden_dropout_prob)
        heads = [nn.Linear(config.hidden_size, n) for n in classes]
        self.heads = nn.ModuleList(heads)
        for head in heads:
            nn.init.normal_(head.weight, std=config.initializer_range)
            nn.init.zeros_(head.bias)

    def forward(self, task: Tensor, labels: Tensor, **inputs: Tensor) -> dict[str, Tensor]:
        states = self.encoder(**inputs).last_hidden_state[:, 0]
        logits = self.heads[int(task[0])](self.dropout(states))
        return {"loss": nn.functional.cross_entropy(logits, labels), "logits": logits}

    def groups(self) -> list[list[nn.Parameter]]:
        """Return the embeddings, up to eight groups of layers, and the heads."""
        layers = self.encoder.encoder.layer
        count = min(MOST_ENCODER_GROUPS, len(layers))
        grouped: list[list[nn.Parameter]] = [[] for _ in range(count)]
        for number, layer in enumerate(layers, start=1):
            grouped[-(-number * count // len(layers)) - 1] += layer.parameters()
        return [list(self.encoder.embeddings.parameters()), *grouped, list(self.heads.parameters())]


class Report(TrainerCallback):
    """Tells the pruner after every epoch how much of all tasks until now is known."""

    def __init__(self, trial: optuna.Trial, stage: int, epochs: int) -> None:
        self._trial, self._stage, self._epochs = trial, stage, epochs
        self._found: dict[str, float] = {}
        self.accuracies: list[float] = []

    def on_evaluate(  # type: ignore[override]  # it needs no more of what it is told
        self,
        _args: object,
        state: TrainerState,
        _control: object,
        metrics: dict[str, float],
        **_: object,
    ) -> None:
        self._found |= metrics
        names = [f"eval_{name}_accuracy" for name in NAMES[: self._stage + 1]]
        if not all(name in self._found for name in names):
            return
        self.accuracies = [self._found.pop(name) for name in names]
        step = self._stage * self._epochs + round(state.epoch)
        self._trial.report(sum(self.accuracies), step)
        if self._trial.should_prune():
            raise optuna.TrialPruned


def read_rows(
    folder: Path, tasks: Sequence[str], tokenizer: PreTrainedTokenizerBase, longest: int
) -> dict[str, list[Dataset]]:
    """Return the encoded rows of both tasks: ``train`` and ``search``, a dataset of each task."""

    def encode(rows: dict[str, list[str]]) -> BatchEncoding:
        texts, pairs = rows["text"], rows.get("text_pair")
        found: BatchEncoding = tokenizer(texts, pairs, truncation=True, max_length=longest)
        return found

    found: dict[str, list[Dataset]] = {"train": [], "search": []}
    for number, task in enumerate(tasks):
        files = {split: str(folder / task / f"{split}.jsonl") for split in found}
        for split, rows in load_dataset("json", data_files=files, cache_dir=str(folder)).items():
            dropped = [name for name in rows.column_names if name != "label"]
            encoded = rows.map(encode, batched=True, remove_columns=dropped)
            encoded = encoded.rename_column("label", "labels")
            found[split].append(encoded.add_column("task", [number] * len(encoded)))
    return found


def accuracy(found: EvalPrediction) -> dict[str, float]:
    predicted = np.argmax(found.predictions, axis=1)
    return {"accuracy": float(np.mean(predicted == found.label_ids))}


def search(
    folder: Path,
    tasks: Sequence[str],
    model: str,
    *,
    trials: int,
    epochs: int,
    batch_size: int,
    max_length: int,
    bounds: tuple[float, float],
    seed: int,
    device: str,
    log: Path,
) -> None:
    """Search, and write a line for each trial that has ended."""
    tokenizer = AutoTokenizer.from_pretrained(model, trust_remote_code=False)
    rows = read_rows(folder, tasks, tokenizer, max_length)
    classes = [1 + max(train["labels"]) for train in rows["train"]]

    def learn(trial: optuna.Trial, net: TwoTasks, rates: Sequence[float], stage: int) -> float:
        train = rows["train"][stage]
        groups = [
            {"params": group, "lr": rate} for group, rate in zip(net.groups(), rates, strict=True)
        ]
        optimizer = torch.optim.AdamW(groups, weight_decay=0.0)
        steps = epochs * -(-len(train) // batch_size)
        schedule = get_cosine_schedule_with_warmup(optimizer, round(WARMUP * steps), steps)
        report = Report(trial, stage, epochs)
        with TemporaryDirectory() as output:
            trainer = Trainer(
                model=net,
                args=TrainingArguments(
                    output_dir=output,
                    num_train_epochs=epochs,
                    per_device_train_batch_size=batch_size,
                    per_device_eval_batch_size=64,
                    max_grad_norm=0.0,
                    seed=seed,
                    use_cpu=device == "cpu",
                    eval_strategy="epoch",
                    save_strategy="no",
                    logging_strategy="no",
                    report_to=[],
                    disable_tqdm=True,
                    remove_unused_columns=False,
                ),
                train_dataset=train,
                eval_dataset=dict(zip(NAMES, rows["search"][: stage + 1], strict=False)),
                data_collator=DataCollatorWithPadding(tokenizer),
                compute_metrics=accuracy,
                optimizers=(optimizer, schedule),
                callbacks=[report],
            )
            trainer.remove_callback(PrinterCallback)
            trainer.train()
        return sum(report.accuracies)

    def objective(trial: optuna.Trial) -> float:
        set_seed(seed)
        net = TwoTasks(model, classes)
        rates = [
            trial.suggest_float(f"lr{group}", *bounds, log=True)
            for group in range(len(net.groups()))
        ]
        return [learn(trial, net, rates, stage) for stage in range(len(tasks))][-1]

    def note(_study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
        names = sorted(trial.params)
        line = {
            "number": trial.number,
            "at": time.time(),
            "state": trial.state.name.lower(),
            "p": trial.value if trial.state is optuna.trial.TrialState.COMPLETE else None,
            "rates": [trial.params[name] for name in names],
        }
        with log.open("a", encoding="utf-8") as file:
            file.write(f"{json.dumps(line)}\n")

    study = optuna.create_study(
        direction="maximize",
        sampler=optuna.samplers.TPESampler(seed=seed),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=5),
    )
    groups = len(TwoTasks(model, classes).groups())
    study.enqueue_trial({f"lr{group}": FIRST_GUESS for group in range(groups)})
    study.optimize(objective, n_trials=trials, callbacks=[note])


def main(
    folder: Path,
    tasks: Annotated[str, typer.Option(help="FIRST:SECOND.")],
    model: str,
    log: Path,
    *,
    trials: int = 30,
    epochs: int = 1,
    batch_size: int = 16,
    max_length: int = 256,
    low: float = 1e-7,
    high: float = 1e-3,
    seed: int = 0,
    device: str = "auto",
) -> None:
    quieten()
    search(
        folder,
        tasks.split(":"),
        model,
        trials=trials,
        epochs=epochs,
        batch_size=batch_size,
        max_length=max_length,
        bounds=(low, high),
        seed=seed,
        device=device,
        log=log,
    )


def quieten() -> None:
    """Leave the libraries' progress and advice out."""
    transformers.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    disable_progress_bars()
    optuna.logging.set_verbosity(optuna.logging.WARNING)


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(main)
    app()
