"""What a method is: rates, rows, and what it does to the model before and while it learns."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import ClassVar, Self

import msgspec
from torch import Tensor, optim

from engine.errors import UsageError
from engine.learning.events import Between, go_on
from engine.learning.model import SequenceModel
from engine.learning.plan import Part, Pool, PreparedTask, Setup, all_rows
from engine.profiles.grouping import Grouping
from engine.profiles.profile import fault_in_rates
from engine.spec import RunSpec
from engine.spec.methods import OptionValue, method_entry, read_options

Tensors = Mapping[str, Tensor]
Again = Callable[[Sequence[Part] | None], Tensor]
"""Finds a step's gradients anew, with the same dropout, at the weights as they are now; of other
training rows where any are given. Returns the loss."""


class Method:
    """A way to learn a sequence: one task after another, every weight free, unless it says else.

    A method belongs to one run. ``start`` sees the pretrained weights, also before a checkpoint is
    restored; what it learns about the weights later is its ``state``.
    """

    name: ClassVar[str]
    shares_first_stage: ClassVar[bool] = False
    """Whether its first stage is that of every such method with the same rates: runs share it."""
    changed: ClassVar[str] = ""
    """What it does otherwise than it once did: a run that is not through with it begins anew."""
    can_be_stacked: ClassVar[bool] = False
    """Whether a step depends on weights, rows and rates alone, so that trials share it."""

    def __init__(
        self, options: Mapping[str, OptionValue], rates: tuple[float, ...] | None = None
    ) -> None:
        self.options = options
        self.rates = rates

    @classmethod
    def from_spec(cls, spec: RunSpec) -> Self:
        """Read the method's own options.

        Raises:
            UsageError: an option is missing or wrong.
        """
        carries = spec.learning_rates is not None
        return cls(read_options(cls.name, spec.options, has_profile=carries), spec.learning_rates)

    def number(self, option: str) -> float:
        """Return an option that is a number."""
        return float(self.options[option])

    def require(self, model: str) -> None:
        """See that all the method needs besides a run's tasks can be had, before any weights.

        Raises:
            UsageError: something cannot.
        """

    def signature(self) -> str:
        """Return name and options, but for the rates, written one way.

        An option that says what was always done is left out, so that a run begun before it came can
        be gone on with.
        """
        before = {option.name: option.known_before for option in method_entry(self.name).options}
        options = {
            name: value
            for name, value in self.options.items()
            if name != "lr" and value != before.get(name)
        }
        changed = (self.changed,) if self.changed else ()
        return msgspec.json.encode((self.name, options, *changed), order="sorted").decode()

    def learning_rates(self, grouping: Grouping) -> tuple[float, ...]:
        """Return the peak rate of every choice: the profile's, else ``lr`` for all.

        Raises:
            UsageError: the method's rates do not fit the grouping.
        """
        if self.rates is None:
            return (self.number("lr"),) * grouping.n_choices
        if fault := fault_in_rates(self.rates, grouping):
            raise UsageError(f"the profile does not fit {grouping.n_layers} layers: {fault}")
        return self.rates

    def pools(self, tasks: Sequence[PreparedTask], seed: int) -> tuple[Pool, ...]:
        """Return what each stage learns from."""
        del seed
        return tuple((all_rows(task, index),) for index, task in enumerate(tasks))

    def shape(self, model: SequenceModel, grouping: Grouping, seed: int) -> None:
        """Freeze or add weights, once, before anything is learnt.

        Raises:
            UsageError: the backbone does not have what the method needs.
        """

    def start(self, setup: Setup, model: SequenceModel) -> None:
        """Look at the pretrained weights, on the device.

        Raises:
            UsageError: the backbone does not have what the method needs.
        """

    def get_ready(self, setup: Setup, model: SequenceModel, between: Between = go_on) -> None:
        """Find out what takes long, before the first step and after a checkpoint was restored.

        Where ``between`` ends it half way, ``state`` has what is needed to go on from there.
        """

    def begin_stage(
        self, setup: Setup, model: SequenceModel, stage: int, between: Between = go_on
    ) -> None:
        """Look at the weights, or change them, between two stages; ``stage`` comes next, from 1.

        Where ``between`` ends it half way, nothing was changed; ``state`` is as in ``get_ready``.
        """

    def begin_step(self, setup: Setup, model: SequenceModel, stage: int, step: int) -> None:
        """Do what changes within a stage, before a step of it; steps are counted from 1.

        What is frozen here is to be free again when the next stage makes its optimizer.
        """

    def learnt_from(
        self, setup: Setup, stage: int, step: int, batch: Sequence[Part]
    ) -> Sequence[Part]:
        """Return the rows of a step, and their weights: those of its batch, and maybe others."""
        del setup, stage, step
        return batch

    def loss_of(
        self, model: SequenceModel, part: Part, seen: tuple[Tensor, Tensor], loss: Tensor
    ) -> Tensor:
        """Return the mean loss of some rows of a step.

        Args:
            model: as it learns.
            part: the rows; not all of a task's where memory is small.
            seen: what every head sees of them, and the logits of their own one.
            loss: their cross-entropy.
        """
        del model, part, seen
        return loss

    def change_gradients(
        self, setup: Setup, model: SequenceModel, stage: int, step: int, again: Again
    ) -> None:
        """Change the gradients that were found before the optimizer takes its step by them."""

    def before_update(
        self, setup: Setup, model: SequenceModel, optimizer: optim.Adam, stage: int, step: int
    ) -> None:
        """Look at, or change, a step's gradients, weights and rates just before Adam uses them.

        Its groups have their rates of this step under ``lr``; the next step has its own again.
        """

    def end_step(self, setup: Setup, model: SequenceModel, stage: int, step: int) -> None:
        """Change the weights after the optimizer's step, before anything is measured."""

    def as_measured(self, model: SequenceModel) -> AbstractContextManager[None]:
        """Have the weights be those that are measured; it learns on with what they were before."""
        del model
        return nullcontext()

    def measured(self, pools: Sequence[Pool], stage: int) -> Collection[int]:
        """Return the tasks whose accuracy this stage can change: all that were learnt so far."""
        return sorted({share.task for pool in pools[: stage + 1] for share in pool})

    def penalty(self, model: SequenceModel) -> Tensor | None:
        """Return what is added to a step's loss, a scalar; None: nothing."""
        return None

    def acting_weights(self, model: SequenceModel) -> Iterator[tuple[str, Tensor]]:
        """Yield the backbone's weights as they act, by their pretrained names."""
        yield from model.backbone.named_parameters()

    def state(self) -> dict[str, Tensor]:
        """Return what the method learnt about the weights since it started."""
        return {}

    def load(self, state: Tensors) -> None:
        """Take over what ``state`` returned."""
