"""fairseq2: ``optimizer.config.groups`` of a recipe's YAML.

A parameter goes with the first group of which an expression matches the beginning of its name;
what none matches learns at ``optimizer.config.lr``. Schedulers with a list of rates (``start_lr``,
``final_lr``) want one for each of the groups.
"""

from collections.abc import Mapping
from typing import Final

from engine.errors import UsageError
from engine.trainers.decoders import DecoderNames
from engine.trainers.tools.fields import dump, load, number
from engine.trainers.tools.tool import Request, Rules, Tool

_NAMES: Final = DecoderNames(
    trainer="fairseq2",
    embeddings="decoder_frontend.embed",
    layers="decoder.layers",
    norm="decoder.layer_norm",
    head="final_proj",
)


def write(request: Request) -> str:
    """Write the ``optimizer`` section of a recipe."""
    groups = [{"params": [pattern.regex], "lr": pattern.lr} for pattern in request.patterns()]
    config = {"lr": request.profile.learning_rates[-1], "groups": groups}
    return f"# {request.title}\n{dump({'optimizer': {'name': 'adamw', 'config': config}})}"


def read(text: str) -> Rules:
    """Read the groups of a recipe.

    Raises:
        UsageError: there are none, or a rate is no number.
    """
    config: object = load(text, "fairseq2 recipe")
    for key in ("optimizer", "config"):
        config = config.get(key) if isinstance(config, Mapping) else None
    groups = config.get("groups") if isinstance(config, Mapping) else None
    if not isinstance(config, Mapping) or not isinstance(groups, list) or not groups:
        raise UsageError(
            "the fairseq2 recipe has no optimizer.config.groups; give one that has them"
        )
    base = config.get("lr")
    rules = (rule for place, group in enumerate(groups, 1) for rule in _rules(group, base, place))
    return Rules(
        patterns=tuple(rules),
        otherwise=None if base is None else number(base, "optimizer.config.lr"),
    )


def _rules(group: object, base: object, place: int) -> list[tuple[str, float]]:
    fields: Mapping[str, object] = group if isinstance(group, Mapping) else {}
    params = fields.get("params", ".*")
    patterns = params if isinstance(params, list) else [params]
    lr = number(fields.get("lr", base), f"lr of group {place} of optimizer.config.groups")
    return [(f"^(?:{pattern})", lr) for pattern in patterns]


FAIRSEQ2: Final = Tool(
    name="fairseq2",
    suffix=".yaml",
    what="the optimizer section of a recipe",
    write=write,
    head="causal",
    own_names=_NAMES.of,
    own_head=_NAMES.head,
    read=read,
)
