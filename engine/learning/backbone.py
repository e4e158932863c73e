"""The pretrained transformer without any head: loading it, its shape and its fingerprint."""

import sys
import warnings
from collections.abc import Callable, Collection
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, PretrainedConfig, PreTrainedModel
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    MODEL_FOR_MASKED_LM_MAPPING_NAMES,
)
from transformers.utils import CONFIG_NAME, logging
from transformers.utils.hub import cached_file, extract_commit_hash

from engine.errors import UsageError, shown
from engine.profiles.parameters import count_layers
from engine.tasks.hub_access import read_model
from engine.tasks.models import Shape, folder_fingerprint, model_path, model_stamp, require_weights

_HEAD_DROPOUTS = (
    *("classifier_dropout", "classifier_dropout_prob", "seq_classif_dropout", "cls_dropout"),
    *("hidden_dropout_prob", "hidden_dropout"),
    *("summary_last_dropout", "summary_first_dropout", "dropout"),
)
"""Where configs say the dropout before a head: a field of its own goes before the layers' own."""
_COUNT_FROM_PADDING = ("roberta", "xlm-roberta", "camembert", "mpnet", "longformer")

Inputs = dict[str, Tensor]
"""What a backbone is called with, each of shape (rows, longest)."""
Summarise = Callable[[nn.Module, Inputs], Tensor]
"""From a backbone and its inputs to states of shape (rows, hidden)."""


def first_token(module: nn.Module, inputs: Inputs) -> Tensor:
    """Read [CLS] of the last layer (section 4)."""
    states: Tensor = module(**inputs).last_hidden_state
    return states[:, 0]


def last_token(module: nn.Module, inputs: Inputs) -> Tensor:
    """Read the last token before the padding: in a decoder, the only one that saw the whole row."""
    states: Tensor = module(**inputs).last_hidden_state
    last = inputs["attention_mask"].sum(dim=1) - 1
    return states[torch.arange(len(states), device=states.device), last]


@dataclass(frozen=True)
class Backbone:
    """An encoder that turns tokens (rows, length) into states (rows, length, hidden)."""

    module: PreTrainedModel
    n_layers: int
    hidden_size: int
    summarise: Summarise
    """Reads a row off: at [CLS] for encoders, at the last token for decoders."""
    dropout: float
    """Of the summary, before a head."""


def load_backbone(model: str) -> Backbone:
    """Load the pretrained weights in fp32; code that comes with a model is never run.

    Args:
        model: hub name, ``sample``, or a local folder.

    Raises:
        UsageError: the model does not exist, lacks weights, or the hub cannot be reached.
    """
    path = model_path(model)
    config, module, found = read_model(path, lambda: _load(path, model))
    _refuse_missing(found["missing_keys"], model)
    if getattr(module, "pooler", None) is not None:
        # It would be trainable, and its output is never used: section 4 reads off [CLS].
        module.pooler = None
    return Backbone(
        module=module,
        n_layers=_count_layers(module),
        hidden_size=config.hidden_size,
        summarise=last_token if _reads_left_to_right(config) else first_token,
        dropout=_dropout(config),
    )


def own_backbone(model: str) -> Backbone:
    """Return a copy of the pretrained backbone, to be learnt with.

    Raises:
        UsageError: as ``load_backbone``.
    """
    pristine = pristine_backbone(model)
    return replace(pristine, module=deepcopy(pristine.module))


def pristine_backbone(model: str) -> Backbone:
    """Return the pretrained backbone, which nobody may change.

    The last one stays in main memory, and is loaded again where its files are others by now.

    Raises:
        UsageError: as ``load_backbone``.
    """
    return _pristine(model, model_stamp(model) or model_fingerprint(model))


def forget_backbone() -> None:
    """Let go of the pretrained backbone that stayed in memory."""
    _pristine.cache_clear()


@lru_cache(maxsize=1)
def _pristine(model: str, _files: object) -> Backbone:
    forget_backbone()  # there is room for one, also while the next is loaded
    return load_backbone(model)


def _load(path: str, model: str) -> tuple[PretrainedConfig, Any, dict[str, Any]]:
    """Return config and module, and what transformers says of the weights it found."""
    config = AutoConfig.from_pretrained(path, trust_remote_code=False)
    require_weights(model)
    # A decoder would keep keys and values for a text to come.
    config.use_cache = False
    module, found = AutoModel.from_pretrained(
        path,
        config=config,
        dtype="float32",
        output_loading_info=True,
        trust_remote_code=False,
    )
    return config, module, found


class BackboneShape(Shape, frozen=True, kw_only=True):
    """What the libraries know of a backbone without loading its weights."""

    hidden_size: int
    longest_input: int
    """In tokens; more positions than this were never learnt."""
    shares_weights: bool = False
    """Whether it goes through a layer more than once."""


def backbone_shape(model: str) -> BackboneShape:
    """Return a backbone's shape.

    Raises:
        UsageError: the model does not exist, or the hub cannot be reached.
    """
    path = model_path(model)
    config, module = read_model(path, lambda: _load_without_weights(path))
    n_layers = _count_layers(module)
    return BackboneShape(
        n_layers=n_layers,
        hidden_size=config.hidden_size,
        longest_input=_longest_input(config),
        shares_weights=getattr(config, "num_hidden_layers", n_layers) > n_layers,
    )


def _load_without_weights(path: str) -> tuple[PretrainedConfig, PreTrainedModel]:
    config = AutoConfig.from_pretrained(path, trust_remote_code=False)
    with torch.device("meta"):
        return config, AutoModel.from_config(config, trust_remote_code=False)  # type: ignore[no-untyped-call]


def model_fingerprint(model: str) -> str:
    """Return a hash of a model's files, or for a model of the hub its name and commit.

    Raises:
        UsageError: the model does not exist, or the hub cannot be reached.
    """
    path = model_path(model)
    folder = Path(path)
    if folder.is_dir():
        return read_model(path, lambda: folder_fingerprint(folder))
    config = read_model(path, lambda: cached_file(path, CONFIG_NAME))
    return f"{path}@{extract_commit_hash(config, None)}"


def positions_before_first(config: PretrainedConfig) -> int:
    """Return how many positions no token ever has: RoBERTa counts from behind the padding's."""
    return (config.pad_token_id or 0) + 1 if config.model_type in _COUNT_FROM_PADDING else 0


def quiet_libraries() -> None:
    """Silence progress bars and advice of transformers."""
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    warnings.filterwarnings("ignore", module="transformers")
    # Several trials' gradients lie between each other's on purpose.
    warnings.filterwarnings("ignore", message="grad and param do not obey the gradient layout")


def compile_names() -> None:
    """Have transformers compile what it knows of weights' names, as the first model loaded does.

    That takes a tenth of a second and more, once in a process: its forks are spared it.
    """
    with suppress(ImportError):  # not every version has it there
        from transformers.conversion_mapping import get_checkpoint_conversion_mapping

        get_checkpoint_conversion_mapping("bert")  # type: ignore[no-untyped-call]


def _longest_input(config: PretrainedConfig) -> int:
    positions = getattr(config, "max_position_embeddings", None)
    if not isinstance(positions, int) or positions < 1:
        return sys.maxsize
    return positions - positions_before_first(config)


def _refuse_missing(weights: Collection[str], model: str) -> None:
    """Refuse a backbone that would be learnt from random weights."""
    missing = sorted(name for name in weights if "pooler" not in name)
    if missing:
        raise UsageError(
            f"model '{shown(model)}' lacks {len(missing)} weights of its backbone, such as "
            f"{missing[0]}; use a model that was saved whole"
        )


def _count_layers(module: nn.Module) -> int:
    return count_layers(name for name, _ in module.named_parameters())


def _reads_left_to_right(config: PretrainedConfig) -> bool:
    kind = config.model_type
    causal = kind in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
    return causal and kind not in MODEL_FOR_MASKED_LM_MAPPING_NAMES


def _dropout(config: PretrainedConfig) -> float:
    for name in _HEAD_DROPOUTS:
        value = getattr(config, name, None)
        if isinstance(value, int | float):
            return float(value)
    return 0.1
