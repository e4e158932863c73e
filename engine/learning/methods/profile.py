"""``profile``: one learning rate per choice, the paper's BERTcL (section 3)."""

from typing import ClassVar, Self

from engine.errors import UsageError
from engine.learning.methods.base import Method
from engine.spec import RunSpec


class ProfileMethod(Method):
    """Every choice learns at its own rate."""

    name: ClassVar[str] = "profile"

    @classmethod
    def from_spec(cls, spec: RunSpec) -> Self:
        if spec.learning_rates is None:
            raise UsageError("method profile needs a profile; use --profile FILE")
        return super().from_spec(spec)
