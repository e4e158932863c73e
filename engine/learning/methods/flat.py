"""``flat``: one learning rate for all layers, the paper's BERTbase."""

from typing import ClassVar, Self

from engine.errors import UsageError
from engine.learning.methods.base import Method
from engine.profiles.grouping import Grouping
from engine.spec import RunSpec


class Flat(Method):
    """Every choice learns at ``lr``."""

    name: ClassVar[str] = "flat"

    def __init__(self, lr: float) -> None:
        self.lr = lr

    @classmethod
    def from_spec(cls, spec: RunSpec) -> Self:
        lr = spec.options.get("lr")
        if not isinstance(lr, int | float) or not 0 < lr <= 1:
            raise UsageError(
                f"method flat needs a learning rate above 0 and at most 1, not {lr}; use --lr 2e-5"
            )
        return cls(float(lr))

    def learning_rates(self, grouping: Grouping) -> tuple[float, ...]:
        return (self.lr,) * grouping.n_choices
