"""Names of a model's parameters, as transformers gives them; loads it, and builds no weights."""

from typing import Any, Final

import torch
from torch import nn
from transformers import AutoConfig, AutoModel, AutoModelForCausalLM

from engine.errors import UsageError, first_line, shown
from engine.tasks.hub_access import read_model
from engine.tasks.models import model_path
from engine.trainers.tools.tool import Head

_BUILDERS: Final = {"none": AutoModel, "causal": AutoModelForCausalLM}


def parameter_names(model: str, head: Head) -> tuple[str, ...]:
    """Return the names of all parameters, in the order of registration.

    One that is tied to another is named once, where it comes first.

    Args:
        model: hub name, ``sample``, or a local folder; code that comes with it is never run.
        head: what stands on the backbone.

    Raises:
        UsageError: the model does not exist, has no such head, or the hub cannot be reached.
    """
    path = model_path(model)
    built = read_model(path, lambda: _build(path, model, head))
    return tuple(name for name, _ in built.named_parameters())


def _build(path: str, model: str, head: Head) -> nn.Module:
    config = AutoConfig.from_pretrained(path, trust_remote_code=False)
    try:
        with torch.device("meta"):
            builder: Any = _BUILDERS[head]
            built: nn.Module = builder.from_config(config, trust_remote_code=False)
    except ValueError as error:
        raise UsageError(
            f"model '{shown(model)}' cannot be built as the trainer does "
            f"({shown(first_line(error))}); name another with --model"
        ) from None
    return built
