"""The state of torch's random streams, as tensors that a checkpoint can hold."""

import torch
from torch import Tensor

from engine.learning.device import Device


def random_state(device: Device) -> dict[str, Tensor]:
    """Return the streams that dropout draws from."""
    state = {"cpu": torch.get_rng_state()}
    if device.target.type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(device.target)
    elif device.target.type == "mps":
        state["mps"] = torch.mps.get_rng_state()
    return state


def restore_random_state(state: dict[str, Tensor], device: Device) -> None:
    """Put the streams back; one of another kind of device has nothing to go on from."""
    torch.set_rng_state(state["cpu"])
    if device.target.type == "cuda" and "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"], device.target)
    elif device.target.type == "mps" and "mps" in state:
        torch.mps.set_rng_state(state["mps"])
