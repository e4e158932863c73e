"""Scripts that read a profile themselves: pieces of Python that several trainers share."""

import json
from textwrap import dedent

from engine.trainers.tools.tool import PUBLISHED, Request


def script(request: Request, template: str) -> str:
    """Fill a script in.

    Args:
        request: what is written.
        template: its text, with ``{imports}`` from engine.profiles, ``{profile}`` (an expression),
            ``{model}``, ``{heads}`` (a further argument, or nothing) and ``{rate}``, the heads'.
    """
    read, needed = f"read_profile({_text(request.source)})", ["read_profile"]
    if request.source == PUBLISHED:
        read, needed = "published_profile()", ["published_profile"]
    if request.carried:
        read, needed = f"transfer({read}, {request.profile.backbone.layers})", [*needed, "transfer"]
    heads = ", ".join(map(_text, request.head_names))
    filled = dedent(template).format(
        imports=f"from engine.profiles import {', '.join(sorted(needed))}",
        profile=read,
        model=_text(request.model),
        heads=f", head_names=[{heads}]" if heads else "",
        rate=repr(request.profile.learning_rates[-1]),
    )
    return f'"""{request.title}"""\n\n{filled.lstrip()}'


def _text(value: str) -> str:
    """Write a text as Python does, in double quotation marks."""
    return json.dumps(value)
