"""A run: one execution of a method on a sequence with a seed."""

from msgspec import Struct

from engine.spec.protocol import Protocol


class RunSpec(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that decides a run's result, but for the machine's own arithmetic."""

    sequence: tuple[str, ...]
    data: str
    """``hub``, ``sample``, or the absolute path of a folder or task file (TOML)."""
    model: str
    """A hub name, ``sample``, or the absolute path of a local folder."""
    method: str = "flat"
    options: dict[str, float | int | str] = {}
    """The method's own, such as ``{"lr": 2e-5}`` for ``flat``."""
    learning_rates: tuple[float, ...] | None = None
    """One per choice, for methods that carry a profile."""
    protocol: Protocol = Protocol()
    seed: int = 0
    device: str = "auto"
