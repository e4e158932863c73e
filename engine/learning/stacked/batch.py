"""The rows of a step that several trials take together, as one batch, and the states at [CLS]."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedModel

from engine.learning.backbone import positions_before_first
from engine.learning.device import to_device
from engine.learning.events import Wanted
from engine.learning.learner import SequenceLearner
from engine.learning.plan import parts_of
from engine.learning.stacked.layers import PaddedMasks, RowKey


@dataclass(frozen=True)
class StackedBatch:
    """The same number of rows for every trial; those that a trial has not count for nothing."""

    inputs: dict[str, Tensor]
    """Each of shape (trials · rows, longest)."""
    keys: list[RowKey]
    """Of each of those rows."""
    scored: tuple["Scored", ...]
    """By every task that a row is of."""


@dataclass(frozen=True)
class Scored:
    """How rows count for a task; each of shape (trials, rows)."""

    task: int
    labels: Tensor
    shares: Tensor
    """Of its trial's loss; 0 for rows that are not of the task."""


def stack_batches(learners: Sequence[SequenceLearner], wanted: Sequence[Wanted]) -> StackedBatch:
    """Put together what each learner's next step is to be learnt from."""
    parts = [
        (trial, part.task, learner.setup.tasks[part.task].train, part.rows)
        for trial, (learner, at) in enumerate(zip(learners, wanted, strict=True))
        for part in parts_of(learner.setup.pools[at.stage], at.rows)
    ]
    trials, rows = len(learners), max(len(at.rows) for at in wanted)
    longest = max(int(train.lengths()[part].max()) for *_, train, part in parts)
    any_train = parts[0][2]
    tokens = np.full((trials, rows, longest), any_train.padding, np.int64)
    types, there = np.zeros_like(tokens), np.zeros_like(tokens)
    there[:, :, 0] = 1  # a row that sees nothing at all has no states
    labels = {task: np.zeros((trials, rows), np.int64) for _, task, *_ in parts}
    shares = {task: np.zeros((trials, rows), np.float32) for task in labels}
    filled = [0] * trials
    keys: list[RowKey] = [(0,)] * (trials * rows)
    for trial, task, train, part in parts:
        batch = train.batch(part)
        begin, length = filled[trial], batch["input_ids"].shape[1]
        here = (trial, slice(begin, begin + len(part)))
        tokens[*here, :length] = batch["input_ids"]
        there[*here, :length] = batch["attention_mask"]
        if "token_type_ids" in batch:
            types[*here, :length] = batch["token_type_ids"]
        labels[task][here] = batch["labels"]
        setup, at = learners[trial].setup, wanted[trial]
        weights = setup.weights_of(task)
        counts = 1.0 if weights is None else weights[batch["labels"]]
        shares[task][here] = counts / len(at.rows)
        step = (setup.seed_of(at.stage), at.stage, at.step, task)
        first = trial * rows + begin
        keys[first : first + len(part)] = [(*step, int(row)) for row in part]
        filled[trial] += len(part)
    inputs = {"input_ids": tokens, "attention_mask": there}
    if any_train.token_type_ids is not None:
        inputs["token_type_ids"] = types
    device = learners[0].setup.device
    flat = {name: values.reshape(-1, longest) for name, values in inputs.items()}
    return StackedBatch(
        inputs=to_device(flat, device),
        keys=keys,
        scored=tuple(
            Scored(task, **to_device({"labels": labels[task], "shares": shares[task]}, device))
            for task in labels
        ),
    )


def first_states(
    backbone: PreTrainedModel, inputs: Mapping[str, Tensor], masks: PaddedMasks | None = None
) -> Tensor:
    """Return the last layer's states at [CLS].

    Args:
        backbone: a stacked one.
        inputs: of shape (trials · rows, longest); a row's ``attention_mask`` is 1 somewhere.
        masks: what its dropout draws from, if that is not torch's own.

    Returns:
        Shape (trials · rows, hidden).
    """
    tokens, there = inputs["input_ids"], inputs["attention_mask"]
    begin = positions_before_first(backbone.config)
    positions = torch.arange(begin, begin + tokens.shape[1], device=tokens.device)
    # A mask of four dimensions is used as it is; one of two is looked at, for which a GPU waits.
    shaped = {"attention_mask": there[:, None, None].bool()}
    shaped["position_ids"] = positions.expand_as(tokens)
    drawn = {} if masks is None else {"row_masks": masks}
    states: Tensor = backbone(**{**inputs, **shaped}, **drawn).last_hidden_state
    return states[:, 0]
