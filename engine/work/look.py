"""``python -m engine.work.look``: says as JSON what this machine can learn on."""

import sys
from typing import Any

import msgspec
import torch

from engine.learning.device import pick_device
from engine.work.devices import core_count
from engine.work.machine import Machine


def look() -> Machine:
    """Look at this machine."""
    return Machine(
        cores=core_count(),
        gpus=tuple(map(_described, range(torch.cuda.device_count()))),
        device=str(pick_device()),
    )


def _described(index: int) -> str:
    properties: Any = torch.cuda.get_device_properties(index)
    return f"{properties.name}, {properties.total_memory / 2**30:.0f} GiB"


if __name__ == "__main__":
    sys.stdout.write(msgspec.json.encode(look()).decode())
