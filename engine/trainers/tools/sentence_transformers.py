"""sentence-transformers: ``learning_rate_mapping`` of its training arguments, as JSON.

The arguments are searched in the names of the loss's parameters, the model's own under
``model.0.model.`` (``model.0.auto_model.`` before version 6). Of several that fit the last one
counts. What none of them fits, a loss's own classifier or a dense layer, is a head and learns at
``learning_rate``.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from engine.errors import UsageError, shown
from engine.trainers.tools.fields import number, section
from engine.trainers.tools.tool import Request, Rules, Tool

_BELOW: Final = r"model\.0\.(?:auto_)?model\."
_MAPPING: Final = "learning_rate_mapping"


def write(request: Request) -> str:
    """Write arguments for ``SentenceTransformerTrainingArguments``."""
    mapping = {pattern.regex: pattern.lr for pattern in request.patterns(_BELOW)}
    heads = request.profile.learning_rates[-1]
    return json.dumps({"learning_rate": heads, _MAPPING: mapping}, indent=2) + "\n"


def read(text: str) -> Rules:
    """Read such arguments, with whatever else they hold.

    Raises:
        UsageError: there is no mapping in them, or a rate is no number.
    """
    arguments = section(text, "training arguments")
    base = arguments.get("learning_rate")
    rates = {
        pattern: number(lr, f"{_MAPPING} of '{shown(pattern)}'")
        for pattern, lr in _mapping(arguments).items()
    }
    return Rules(
        patterns=tuple(reversed(rates.items())),  # the last one counts
        otherwise=None if base is None else number(base, "learning_rate"),
        below=("model.0.model.", "model.0.auto_model."),
    )


def _mapping(arguments: Mapping[str, Any]) -> dict[str, Any]:
    mapping = arguments.get(_MAPPING)
    if isinstance(mapping, str):  # as on a command line
        return section(mapping, _MAPPING)
    if not isinstance(mapping, dict):
        raise UsageError(f"the training arguments have no {_MAPPING}; give some that have it")
    return mapping


SENTENCE_TRANSFORMERS: Final = Tool(
    name="sentence-transformers",
    suffix=".json",
    what="arguments for SentenceTransformerTrainingArguments",
    write=write,
    head="none",
    read=read,
)
