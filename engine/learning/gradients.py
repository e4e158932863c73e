"""The loss of a step's rows and its gradients, in pieces where memory is too small for them all."""

import logging
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from engine.learning.device import free_memory, to_device
from engine.learning.events import Wanted
from engine.learning.methods import Method
from engine.learning.model import SequenceModel
from engine.learning.plan import Part, Setup, parts_of, pieces_of, seed_step

_log = logging.getLogger(__name__)


class Gradients:
    """Finds the gradients of a step's loss, and leaves them with the model's parameters."""

    def __init__(self, setup: Setup, model: SequenceModel, method: Method) -> None:
        self.rows_at_once = setup.protocol.batch_size
        self._setup = setup
        self._model = model
        self._method = method

    def of_step(self, wanted: Wanted) -> Tensor:
        """Return the loss of a step; its gradients are as the method wants them."""
        setup, stage, step = self._setup, wanted.stage, wanted.step

        def again(parts: Sequence[Part] | None = None) -> Tensor:
            seed_step(setup.seed_of(stage), stage, step, setup.device)
            return self.find(wanted, learnt if parts is None else parts)

        batch = parts_of(setup.pools[stage], wanted.rows)
        learnt = self._method.learnt_from(setup, stage, step, batch)
        loss = self.find(wanted, learnt)
        self._method.change_gradients(setup, self._model, stage, step, again)
        return loss

    def find(self, wanted: Wanted, parts: Sequence[Part]) -> Tensor:
        """Return the loss; from now on in smaller pieces where memory is too small for these."""
        while True:
            pieces = [piece for part in parts for piece in pieces_of(part, self.rows_at_once)]
            try:
                return self._add(wanted, pieces)
            except torch.OutOfMemoryError:
                largest = max(len(piece.rows) for piece in pieces)
                if largest == 1:
                    raise
                self.rows_at_once = largest // 2
            # Only here has the error let go of what was computed.
            free_memory(str(self._setup.device.target))
            _log.warning("too little memory for a batch: %d rows at a time", self.rows_at_once)

    def _add(self, wanted: Wanted, pieces: Sequence[Part]) -> Tensor:
        self._model.zero_grad()
        losses = []
        for piece in pieces:
            loss = self._loss(wanted, piece) * piece.weight
            loss.backward()  # type: ignore[no-untyped-call]
            losses.append(loss.detach())
        penalty = self._method.penalty(self._model)
        if penalty is not None:
            penalty.backward()  # type: ignore[no-untyped-call]
            losses.append(penalty.detach())
        return torch.stack(losses).sum()

    def _loss(self, wanted: Wanted, part: Part) -> Tensor:
        setup, model = self._setup, self._model
        if model.masks is not None:
            model.masks.begin(
                (setup.seed_of(wanted.stage), wanted.stage, wanted.step, part.task), part.rows
            )
        batch = to_device(setup.tasks[part.task].train.batch(part.rows), setup.device)
        labels = batch.pop("labels")
        with setup.device.autocast():
            summary = model.summary(batch)
            logits = model.scores(summary, part.task)
            loss = self._cross_entropy(part.task, logits, labels)
            return self._method.loss_of(model, part, (summary, logits), loss)

    def _cross_entropy(self, task: int, logits: Tensor, labels: Tensor) -> Tensor:
        if self._setup.protocol.loss == "softmax-cross-entropy":
            logits = logits.softmax(dim=1)
        weights = self._setup.weights_of(task)
        if weights is None:
            return functional.cross_entropy(logits, labels)
        (of_classes,) = to_device({"weights": weights}, self._setup.device).values()
        # Over rows, not over their weights: so every row counts by its class, whoever is beside it.
        summed = functional.cross_entropy(logits, labels, of_classes, reduction="sum")
        return summed / len(labels)
