"""Ways to learn a sequence, by name."""

from engine.errors import UsageError
from engine.learning.methods.base import Method
from engine.learning.methods.flat import Flat
from engine.learning.methods.profile import ProfileMethod
from engine.spec import RunSpec

_METHODS: dict[str, type[Method]] = {method.name: method for method in (Flat, ProfileMethod)}


def make_method(spec: RunSpec) -> Method:
    """Return the method that a run asks for.

    Raises:
        UsageError: there is no such method, or its options are wrong.
    """
    try:
        method = _METHODS[spec.method]
    except KeyError:
        known = ", ".join(_METHODS)
        raise UsageError(f"no method named '{spec.method}'; use one of {known}") from None
    return method.from_spec(spec)


__all__ = ["Method", "make_method"]
