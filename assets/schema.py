"""The JSON schema of profile files, for editors and programs that know no Python.

``python -m assets.schema`` writes ``engine/profiles/profile.schema.json``, which is shipped.
Reading goes by the classes themselves, which also say what no schema can: that there are as many
rates as choices, and each layer once.
"""

import inspect
import json
from pathlib import Path
from typing import Any, Final

import msgspec

from engine.files import replacing
from engine.profiles.profile import FORMAT, VERSION, Profile

SCHEMA_FILE: Final = Path(__file__).parents[1] / "engine/profiles/profile.schema.json"
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_RATE: Final = {"type": "number", "exclusiveMinimum": 0, "maximum": 1}


def profile_schema() -> dict[str, Any]:
    """Return the schema of a profile file, as JSON Schema of 2020-12 has it."""
    schema = msgspec.json.schema(Profile)
    parts: dict[str, Any] = schema["$defs"]
    for part in parts.values():
        if "description" in part:
            part["description"] = _summary(part["description"])
    profile = parts.pop("Profile")
    profile["required"] = ["format", *profile["required"]]
    profile["properties"]["learning_rates"] |= {"items": _RATE, "minItems": 3}
    profile["properties"]["first_lr"]["anyOf"] = [_RATE, {"type": "null"}]
    parts["Grouping"]["properties"]["layers"] = _listed(_listed({"type": "integer", "minimum": 1}))
    parts["Combination"]["properties"]["base"]["minimum"] = 1
    return {
        "$schema": _DIALECT,
        **profile,
        "title": f"{FORMAT} {VERSION}",
        "if": {"properties": {"stages": {"const": "later"}}, "required": ["stages"]},
        "then": {"properties": {"first_lr": _RATE}, "required": ["first_lr"]},
        "else": {"properties": {"first_lr": {"type": "null"}}},
        "$defs": parts,
    }


def schema_text() -> str:
    """Return what stands in the file."""
    return f"{json.dumps(profile_schema(), indent=2, ensure_ascii=False)}\n"


def _listed(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item, "minItems": 1}


def _summary(docstring: str) -> str:
    """Return the first paragraph, on one line."""
    return " ".join(inspect.cleandoc(docstring).split("\n\n")[0].split())


if __name__ == "__main__":
    with replacing(SCHEMA_FILE) as beside:
        beside.write_text(schema_text(), encoding="utf-8")
