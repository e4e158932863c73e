"""``profile``: one learning rate per choice, the paper's BERTcL (section 3)."""

from typing import ClassVar, Self

from engine.errors import UsageError
from engine.learning.methods.base import Method
from engine.profiles.grouping import Grouping
from engine.profiles.rates import fault_in_rates
from engine.spec import RunSpec


class ProfileMethod(Method):
    """Every choice learns at its own rate."""

    name: ClassVar[str] = "profile"

    def __init__(self, rates: tuple[float, ...]) -> None:
        self.rates = rates

    @classmethod
    def from_spec(cls, spec: RunSpec) -> Self:
        if spec.learning_rates is None:
            raise UsageError("method profile needs a profile; use --profile FILE")
        return cls(spec.learning_rates)

    def learning_rates(self, grouping: Grouping) -> tuple[float, ...]:
        fault = fault_in_rates(self.rates, grouping)
        if fault:
            raise UsageError(f"the profile does not fit {grouping.n_layers} layers: {fault}")
        return self.rates
