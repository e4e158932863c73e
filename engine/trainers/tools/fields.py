"""Files of other programs: what stands in them, and sentences for what is wrong with it."""

import json
from typing import Any

from engine.errors import UsageError, first_line, shown
from engine.profiles.profile import is_rate


def load(text: str, what: str) -> dict[str, Any]:
    """Read YAML that has fields.

    Raises:
        UsageError: it is none.
    """
    import yaml

    try:
        content = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UsageError(f"the {what} is no YAML ({shown(first_line(error))}); mend it") from None
    return _fields(content, what)


def dump(content: dict[str, Any]) -> str:
    """Write YAML: fields as they come, rates so that every reader takes them for numbers."""
    import yaml

    return str(yaml.safe_dump(content, sort_keys=False, width=1000, allow_unicode=True))


def section(text: str, what: str) -> dict[str, Any]:
    """Read JSON that has fields.

    Raises:
        UsageError: it is none.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise UsageError(f"there is no JSON for {what}; give a file that has it") from None
    return _fields(content, what)


def number(value: object, what: str) -> float:
    """Return a learning rate; YAML takes one such as ``2e-5``, without a dot, for text.

    Raises:
        UsageError: it is none.
    """
    try:
        rate = float(value) if isinstance(value, int | float | str) else None
    except ValueError:
        rate = None
    if rate is None or isinstance(value, bool) or not is_rate(rate):
        raise UsageError(f"{what} is {shown(value)}; it must be a rate above 0 and at most 1")
    return rate


def _fields(content: object, what: str) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise UsageError(f"the {what} has no fields; give a file that has them")
    return content
