"""``ProfileTrainer``: transformers' Trainer with the rates of a profile."""

from collections.abc import Collection
from typing import Any, Final

import torch
from transformers import (
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)
from transformers.trainer_optimizer import is_optimizer_factory

from engine.errors import UsageError, shown
from engine.profiles import Profile
from engine.trainers.groups import decayed_groups, named_rates

LOGGED: Final = "learning_rate"
"""What the Trainer calls the rate that it logs; ours stand below: ``learning_rate/layer 1``."""
_OWN_GROUPS: Final = ("params", "model", "optimizer_dict")
"""How the Trainer hands over the groups of optimizers that insist on their own."""


class ProfileTrainer(Trainer):
    """A Trainer that learns every choice at its own rate, and logs all of them.

    Scheduler, warm-up, weight decay and the kind of optimizer are those of ``TrainingArguments``;
    its ``learning_rate`` is used for nothing. Biases and norms do not decay, as in any Trainer.
    Another kind of Trainer becomes one by having this as its first parent:
    ``class Mine(ProfileTrainer, Seq2SeqTrainer)``.

    Args:
        profile: for the depth of the model; ``engine.profiles.transfer`` makes one for another.
        head_names: names of the model's own head modules, besides ``classifier`` and the like.
        arguments: as of any Trainer.
    """

    def __init__(
        self,
        *arguments: Any,  # noqa: ANN401 - as the Trainer has them
        profile: Profile,
        head_names: Collection[str] = (),
        **named: Any,  # noqa: ANN401
    ) -> None:
        self.profile = profile
        self.head_names = tuple(head_names)
        super().__init__(*arguments, **named)
        self._rates = _RatesOfTheStep()
        self.add_callback(self._rates)

    def create_optimizer(self, model: Any = None) -> torch.optim.Optimizer:  # noqa: ANN401
        """Make the optimizer that the arguments ask for, with two groups for every choice.

        Raises:
            UsageError: the model is none for the profile, or the optimizer makes its own groups.
        """
        if self.optimizer is None:
            learner: Any = self.model if model is None else model
            decaying = set(self.get_decay_parameter_names(learner))
            groups = decayed_groups(
                learner,
                self.profile,
                self.args.weight_decay,
                decays=lambda name, _: name in decaying,
                head_names=self.head_names,
            )
            kind, options = self.optimizer_cls_and_kwargs or self.get_optimizer_cls_and_kwargs(
                self.args, learner
            )
            if is_optimizer_factory(kind) or not options.keys().isdisjoint(_OWN_GROUPS):
                raise UsageError(
                    f"optimizer '{shown(kind.__name__)}' makes its own groups, so it cannot have a "
                    "profile's rates; use another, such as optim='adamw_torch'"
                )
            self.optimizer = kind(groups, **options)
        return self.optimizer

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Log as the Trainer does, and beside its one rate those of all groups."""
        if LOGGED in logs:
            logs |= {f"{LOGGED}/{name}": rate for name, rate in self._rates.by_group.items()}
        super().log(logs, start_time)


class _RatesOfTheStep(TrainerCallback):
    """Keeps the rates with which the last step was taken: the scheduler changes them after it."""

    def __init__(self) -> None:
        self.by_group: dict[str, float] = {}

    def on_pre_optimizer_step(
        self,
        args: TrainingArguments,  # noqa: ARG002 - as the Trainer calls it
        state: TrainerState,  # noqa: ARG002
        control: TrainerControl,  # noqa: ARG002
        **named: Any,  # noqa: ANN401
    ) -> None:
        self.by_group = named_rates(named["optimizer"])
