"""The random numbers of a step: a pure function of seed, stage and step, so it can be resumed."""

import numpy as np
import torch


def seed_step(seed: int, stage: int, step: int) -> None:
    """Begin anew the streams that dropout draws from, on every device.

    Whatever else draws from them between two steps changes nothing.
    """
    (state,) = np.random.SeedSequence((seed, stage, step)).generate_state(1)
    torch.manual_seed(int(state))
