"""A tiny model on the disk, its profile, and requests for it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType

import pytest
from torch import nn

from engine.profiles import Profile, make_grouping, param_groups, write_profile
from engine.trainers.tools import Request
from tests.engine.profiles.models import LAYERS
from tests.engine.profiles.samples import sample_profile
from tests.tiny import tiny_backbone

RATES = (1e-6, 2e-6, 3e-6, 4e-6, 5e-4)
PROFILE = sample_profile(RATES, make_grouping("paper", LAYERS))


def rates_by_name(model: nn.Module, profile: Profile = PROFILE) -> dict[str, float]:
    """Return the rate of every trainable parameter, as the groups of the profile have it."""
    name_of = {id(parameter): name for name, parameter in model.named_parameters()}
    return {
        name_of[id(parameter)]: group["lr"]
        for group in param_groups(model, profile)
        for parameter in group["params"]
    }


def request_for(names: Sequence[str], profile: Profile = PROFILE, model: str = "tiny") -> Request:
    heads = ("final_proj",) if "final_proj.weight" in names else ()  # fairseq2's
    return Request(
        profile=profile, source="profile.json", model=model, names=tuple(names), head_names=heads
    )


@pytest.fixture
def tiny_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a model's folder in the current one, which also has ``profile.json`` for it."""
    monkeypatch.chdir(tmp_path)
    write_profile(PROFILE, "profile.json")
    return tiny_backbone(tmp_path / "model", num_hidden_layers=LAYERS)


@pytest.fixture
def library() -> Callable[[str], ModuleType]:
    """Import a library that is not everywhere, or skip."""

    def imported(name: str) -> ModuleType:
        # One that is built for another torch breaks as it is imported, in many ways.
        return pytest.importorskip(name, exc_type=(ImportError, RuntimeError, AttributeError))

    return imported
