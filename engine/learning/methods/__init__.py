"""Ways to learn a sequence: ``METHODS`` in ``engine.spec.methods`` names them, with their options.

A method's class is found by its name: that of ``ewc-task`` is in the module ``ewc_task``, unless it
stands together with others of its kind.
"""

from importlib import import_module
from typing import Final

from engine.learning.methods.base import Method
from engine.spec import RunSpec
from engine.spec.methods import method_entry, refuse_first_lr

_TOGETHER: Final = {
    "flat": "rates",
    "profile": "rates",
    "llrd": "rates",
    "slca": "rates",
    "freeze-k": "freezing",
    "freeze-later": "freezing",
    "seq-star": "freezing",
    "recadam": "pretrained",
    "mixout": "pretrained",
    "o-lora": "lora",
}
"""The modules of methods that are several in one."""


def make_method(spec: RunSpec) -> Method:
    """Return the method that a run asks for.

    Raises:
        UsageError: there is no such method, its options are wrong, or it has no later stages.
    """
    entry = method_entry(spec.method)
    refuse_first_lr(entry, spec.first_lr)
    return method_class(entry.name).from_spec(spec)


def method_class(name: str) -> type[Method]:
    """Return the class of a method; its module is imported only now (PEFT's takes seconds).

    Raises:
        ModuleNotFoundError: there is no module of the method's name.
        LookupError: no method in the module has that name.
    """
    module = import_module(f"{__name__}.{_TOGETHER.get(name) or name.replace('-', '_')}")
    for value in vars(module).values():
        if isinstance(value, type) and issubclass(value, Method):
            method: type[Method] = value
            if getattr(method, "name", None) == name:
                return method
    raise LookupError(f"{module.__name__} has no method named '{name}'")


__all__ = ["Method", "make_method", "method_class"]
