"""torchtitan: ``param_groups`` of its optimizer's configuration, as Python.

A parameter goes with the first pattern that is found in its name. One that nothing fits is an
error there, and so is a pattern that fits nothing: a model that ties its output layer to the
embeddings has no group for it, and the stages of a pipeline cannot have rates by layer.
"""

import ast
from collections.abc import Iterator
from typing import Final

from engine.errors import UsageError
from engine.trainers.decoders import DecoderNames
from engine.trainers.tools.fields import number
from engine.trainers.tools.tool import Request, Rules, Tool

_NAMES: Final = DecoderNames(
    trainer="torchtitan",
    embeddings="tok_embeddings",
    layers="layers",
    norm="norm",
    head="lm_head",
)
_GROUP: Final = "ParamGroupConfig"
_HEAD: Final = '''\
"""{title}"""

from torchtitan.components.optimizer import OptimizersContainer, ParamGroupConfig

REST = {{"betas": (0.9, 0.95), "eps": 1e-8, "weight_decay": 0.1}}

# In a function of a config_registry.py: config.optimizer = OPTIMIZER
OPTIMIZER = OptimizersContainer.Config(
    param_groups=[
'''
_ENTRY: Final = """\
        ParamGroupConfig(  # {label}
            pattern=r"{pattern}",
            optimizer_name="AdamW",
            optimizer_kwargs={{"lr": {lr!r}, **REST}},
        ),
"""


def write(request: Request) -> str:
    """Write a configuration of the optimizer, to be given to that of a trainer."""
    entries = (
        _ENTRY.format(label=pattern.label, pattern=pattern.regex, lr=pattern.lr)
        for pattern in request.patterns()
    )
    return f"{_HEAD.format(title=request.title)}{''.join(entries)}    ]\n)\n"


def read(text: str) -> Rules:
    """Read the groups of a configuration without running it.

    Raises:
        UsageError: it is no Python, has no groups, or a pattern or rate is not written out.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        raise UsageError("the torchtitan configuration is no Python; give one that runs") from None
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    found = tuple(_rule(call) for call in calls if ast.unparse(call.func).endswith(_GROUP))
    if not found:
        raise UsageError(
            f"the torchtitan configuration has no {_GROUP}; give one that has "
            "param_groups, or the profile's own file where this script reads one"
        )
    return Rules(patterns=found)


def _rule(call: ast.Call) -> tuple[str, float]:
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    pattern, options = given.get("pattern"), given.get("optimizer_kwargs")
    if not isinstance(pattern, ast.Constant) or not isinstance(pattern.value, str):
        raise UsageError(f"line {call.lineno}: {_GROUP} has no pattern that is written out; do so")
    rates = [*_values_of("lr", options)] if isinstance(options, ast.Dict) else []
    if len(rates) != 1:
        raise UsageError(f"line {call.lineno}: optimizer_kwargs have no lr; write it out there")
    return pattern.value, number(rates[0], f"line {call.lineno}: lr")


def _values_of(key: str, written: ast.Dict) -> Iterator[object]:
    for name, value in zip(written.keys, written.values, strict=True):
        if isinstance(name, ast.Constant) and name.value == key:
            yield value.value if isinstance(value, ast.Constant) else ast.unparse(value)


TORCHTITAN: Final = Tool(
    name="torchtitan",
    suffix=".py",
    what="the configuration of its optimizer",
    write=write,
    head="causal",
    own_names=_NAMES.of,
    read=read,
)
