"""axolotl: ``lr_groups`` of its YAML.

Its groups list pieces of names: a weight goes with the first piece that is found in its name.
Three things are not theirs to say. Biases and norms learn at ``learning_rate``, and the token
embeddings (``embed_tokens``) at ``embedding_lr`` together with the output layer (``lm_head``).
"""

import math
import re
from collections.abc import Mapping
from typing import Final

from engine.errors import UsageError
from engine.trainers.patterns import Pattern
from engine.trainers.tools.fields import dump, load, number
from engine.trainers.tools.tool import Request, Rules, Tool

_EMBEDDINGS: Final = "embed_tokens|lm_head"
_NEVER_DECAYS: Final = r"(?i)bias|layernorm|rmsnorm|(^|\.)norm($|\.)|_norm($|\.)|\.ln_\w+\."
"""Names of what is in no group: as transformers tells what decays."""
_NOTES: Final = """\
# axolotl's groups hold weights alone: biases and norms learn at learning_rate, the geometric mean
# of the layers' rates.
"""
_HEAD_NOTE: Final = """\
# Its output layer (lm_head) learns at embedding_lr with the embeddings; the profile has {:.3g}.
"""


def write(request: Request) -> str:
    """Write the part of a configuration that says the rates."""
    embeddings, *layers, heads = request.profile.learning_rates
    patterns = request.patterns()
    notes = _NOTES
    if any("lm_head" in part.name for part in patterns[-1].parts):
        notes += _HEAD_NOTE.format(heads)
    groups = [
        {"name": pattern.label, "modules": pieces, "lr": pattern.lr}
        for pattern in patterns
        if (pieces := _pieces(pattern))
    ]
    rates = {
        "learning_rate": math.exp(math.fsum(map(math.log, layers)) / len(layers)),
        "embedding_lr": embeddings,
        "lr_groups": groups,
    }
    return f"# {request.title}\n{notes}{dump(rates)}"


def read(text: str) -> Rules:
    """Read the groups of a configuration.

    Raises:
        UsageError: it has none, or one lacks its modules or its rate.
    """
    content = load(text, "axolotl configuration")
    groups = content.get("lr_groups")
    if not isinstance(groups, list) or not groups:
        raise UsageError("the axolotl configuration has no lr_groups; give one that has them")
    base = number(content.get("learning_rate"), "learning_rate")
    embedding = content.get("embedding_lr")
    rate = base if embedding is None else number(embedding, "embedding_lr")
    return Rules(
        patterns=(
            (_EMBEDDINGS, rate),
            *(rule for place, group in enumerate(groups, 1) for rule in _rules(group, place)),
        ),
        otherwise=base,
        unsaid=_NEVER_DECAYS,
    )


def _pieces(pattern: Pattern) -> list[str]:
    return [part.name for part in pattern.parts if not re.search(_EMBEDDINGS, part.name)]


def _rules(group: object, place: int) -> list[tuple[str, float]]:
    modules = group.get("modules") if isinstance(group, Mapping) else None
    if not isinstance(group, Mapping) or not isinstance(modules, list):
        raise UsageError(
            f"group {place} of lr_groups has no list of modules; write name, modules and lr"
        )
    lr = number(group.get("lr"), f"lr of group {place} of lr_groups")
    return [(re.escape(str(module)), lr) for module in modules]


AXOLOTL: Final = Tool(
    name="axolotl",
    suffix=".yaml",
    what="learning_rate, embedding_lr and lr_groups for its YAML",
    write=write,
    head="causal",
    read=read,
)
