"""The weights of several learners in tensors with a leading dimension of trials, and their Adam.

What learns at one rate lies end to end in one tensor of shape (trials, weights), so that a trial's
part of it is one parameter of an ordinary fused Adam, with a rate of its own: the formulas are
those of a learner alone. Tables of embeddings and heads are tensors of their own, those because a
row of them is looked up below others, these because they do not learn at every step.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import accumulate

import torch
from torch import Tensor, nn, optim

from engine.learning.events import Wanted, go_on
from engine.learning.learner import SequenceLearner
from engine.learning.plan import parts_of
from engine.learning.vocabulary import KeptTokens

_BACKBONE, _HEADS = "backbone.", "heads."


class StackedWeights:
    """The weights of learners that fit each other, and the optimizer of them all.

    The learners' own weights become views of them.
    """

    def __init__(self, learners: Sequence[SequenceLearner]) -> None:
        self.learners = tuple(learners)
        self.is_whole = True
        """Whether no learner was given its own back."""
        self._optimizers = [learner.optimizer for learner in learners]
        of = [dict(learner.model.named_parameters()) for learner in learners]
        units = _units(learners[0])
        self._units = [_Unit(names, group, of) for names, group in units]
        self._parameters = {
            name: parameter for unit in self._units for name, parameter in unit.stacked.items()
        }
        for trial, learner in enumerate(learners):
            self._load_moments(trial)
            learner.before_saving = partial(self._settle, trial)
        known = self._optimizers[0].defaults
        self._adam = optim.Adam(
            [{"params": [trial]} for unit in self._units for trial in unit.trials],
            betas=known["betas"],
            eps=known["eps"],
            fused=True,
        )
        for unit in self._units:
            for trial, parameter in enumerate(unit.trials):
                self._adam.state[parameter] = unit.moments_of(trial)

    def of_backbone(self) -> dict[str, nn.Parameter]:
        """Return the backbone's weights by their names in it, each of shape (trials, …)."""
        return {
            name.removeprefix(_BACKBONE): parameter
            for name, parameter in self._parameters.items()
            if name.startswith(_BACKBONE)
        }

    def of_head(self, task: int) -> tuple[Tensor, Tensor]:
        """Return a head's weight, shape (trials, classes, hidden), and bias (trials, classes)."""
        head = f"{_HEADS}{task}"
        return self._parameters[f"{head}.weight"], self._parameters[f"{head}.bias"]

    def forget_gradients(self) -> None:
        """Begin a step."""
        for unit in self._units:
            unit.gradients.zero_()

    def step(self, wanted: Sequence[Wanted]) -> None:
        """Move every trial's weights by the rates of its own step."""
        for trial, (learner, at) in enumerate(zip(self.learners, wanted, strict=True)):
            if learner.optimizer is not self._optimizers[trial]:  # a new stage, a fresh optimizer
                self._optimizers[trial] = learner.optimizer
                self._load_moments(trial)
            learner.set_rates(at)
        learning = [
            _learning_heads(learner, at) for learner, at in zip(self.learners, wanted, strict=True)
        ]
        groups = iter(self._adam.param_groups)
        for unit in self._units:
            for trial, parameter in enumerate(unit.trials):
                rates = self._optimizers[trial].param_groups[unit.group]
                next(groups)["lr"] = rates["lr"]
                rests = unit.head is not None and unit.head not in learning[trial]
                parameter.grad = None if rests else unit.gradients[trial]
        self._adam.step()

    def settle_all(self) -> None:
        """Tell every learner's own optimizer what was learnt here."""
        for learner in self.learners:
            learner.before_saving()

    def give_back(self, learner: SequenceLearner) -> None:
        """Give a learner weights and moments of its own, as they are now."""
        self.is_whole = False
        learner.before_saving()
        learner.before_saving = go_on
        for parameter in learner.model.parameters():
            parameter.data = parameter.data.clone()
        for moments in learner.optimizer.state.values():
            for name, value in moments.items():
                moments[name] = value.clone()

    def _settle(self, trial: int) -> None:
        optimizer = self.learners[trial].optimizer
        if optimizer is self._optimizers[trial]:  # else it is fresh
            for unit in self._units:
                unit.tell_moments(trial, optimizer)

    def _load_moments(self, trial: int) -> None:
        for unit in self._units:
            unit.load_moments(trial, self._optimizers[trial])


class _Unit:
    """Weights that lie together, of every trial."""

    def __init__(
        self, names: Sequence[str], group: int, of: Sequence[Mapping[str, nn.Parameter]]
    ) -> None:
        self.group = group
        is_head = names[0].startswith(_HEADS)
        self.head = int(names[0].split(".")[1]) if is_head else None
        self._shapes = {name: of[0][name].shape for name in names}
        ends = list(accumulate(shape.numel() for shape in self._shapes.values()))
        like = of[0][names[0]].data
        self._values = like.new_empty((len(of), ends[-1]))
        self.gradients = torch.zeros_like(self._values)
        self._moments = (torch.zeros_like(self._values), torch.zeros_like(self._values))
        self._steps = [torch.zeros((), device=like.device) for _ in of]
        self._own = [[parameters[name] for name in names] for parameters in of]
        for trial, own in enumerate(self._own):
            torch.cat([parameter.data.flatten() for parameter in own], out=self._values[trial])
            for parameter, part in zip(own, self._parts(self._values[trial]), strict=True):
                parameter.data = part
        self.trials = [nn.Parameter(values) for values in self._values]
        self.stacked = {
            name: nn.Parameter(part)
            for name, part in zip(names, self._parts(self._values), strict=True)
        }
        for parameter, part in zip(self.stacked.values(), self._parts(self.gradients), strict=True):
            parameter.grad = part

    def _parts(self, values: Tensor) -> list[Tensor]:
        """Return views of what lies end to end in the last dimension, in their shapes."""
        sizes = [shape.numel() for shape in self._shapes.values()]
        return [
            part.view(*values.shape[:-1], *shape)
            for part, shape in zip(
                torch.split(values, sizes, -1), self._shapes.values(), strict=True
            )
        ]

    def moments_of(self, trial: int) -> dict[str, Tensor]:
        first, second = self._moments
        return {"step": self._steps[trial], "exp_avg": first[trial], "exp_avg_sq": second[trial]}

    def load_moments(self, trial: int, optimizer: optim.Optimizer) -> None:
        """Take over what a learner's own optimizer knows of these weights, if anything."""
        mine = self.moments_of(trial)
        for value in mine.values():
            value.zero_()
        for place, parameter in enumerate(self._own[trial]):
            known = optimizer.state.get(parameter)
            if known:
                mine["step"].copy_(known["step"])
                for name in ("exp_avg", "exp_avg_sq"):
                    self._parts(mine[name])[place].copy_(known[name])

    def tell_moments(self, trial: int, optimizer: optim.Optimizer) -> None:
        """Let a learner's own optimizer know what is known here: its moments become views of it."""
        mine = self.moments_of(trial)
        if not mine["step"].item():
            return
        parts = zip(self._parts(mine["exp_avg"]), self._parts(mine["exp_avg_sq"]), strict=True)
        for parameter, (first, second) in zip(self._own[trial], parts, strict=True):
            optimizer.state[parameter] = {
                "step": mine["step"].clone(),
                "exp_avg": first,
                "exp_avg_sq": second,
            }


def _units(learner: SequenceLearner) -> list[tuple[list[str], int]]:
    """Return which weights lie together, and in which of the optimizer's groups they are."""
    tables = {
        f"{name}.weight"
        for name, part in learner.model.named_modules()
        if isinstance(part, nn.Embedding | KeptTokens)
    }
    names = {id(parameter): name for name, parameter in learner.model.named_parameters()}
    units: dict[tuple[int, str], list[str]] = {}
    for group, parameters in enumerate(learner.optimizer.param_groups):
        for parameter in parameters["params"]:
            name = names[id(parameter)]
            alone = name if name in tables else ""
            if name.startswith(_HEADS):
                alone = name.rpartition(".")[0]
            units.setdefault((group, alone), []).append(name)
    return [(names, group) for (group, _), names in units.items()]


def _learning_heads(learner: SequenceLearner, at: Wanted) -> set[int]:
    """Return the heads that Adam moves in a step, as in ``SequenceModel``'s own words."""
    setup = learner.setup
    learning = {part.task for part in parts_of(setup.pools[at.stage], at.rows)}
    if setup.protocol.idle_heads == "drifting":
        learning |= set(range(at.stage))
    return learning
