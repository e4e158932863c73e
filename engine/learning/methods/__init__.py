"""Ways to learn a sequence, by name; ``engine.spec.METHODS`` tells their options."""

from engine.learning.methods.base import Method
from engine.learning.methods.ewc_mlm import EwcMlm
from engine.learning.methods.ewc_task import EwcTask
from engine.learning.methods.flat import Flat
from engine.learning.methods.freeze import FreezeK
from engine.learning.methods.joint import Joint
from engine.learning.methods.l2_sp import L2Sp
from engine.learning.methods.llrd import Llrd
from engine.learning.methods.profile import ProfileMethod
from engine.learning.methods.replay import Replay
from engine.learning.methods.single import Single
from engine.spec import RunSpec
from engine.spec.methods import method_entry


def make_method(spec: RunSpec) -> Method:
    """Return the method that a run asks for.

    Raises:
        UsageError: there is no such method, or its options are wrong.
    """
    return _method_class(method_entry(spec.method).name).from_spec(spec)


def _method_class(name: str) -> type[Method]:
    if name == "lora":
        # PEFT takes seconds to import.
        from engine.learning.methods.lora import Lora

        return Lora
    methods: tuple[type[Method], ...] = (
        EwcMlm,
        EwcTask,
        Flat,
        FreezeK,
        Joint,
        L2Sp,
        Llrd,
        ProfileMethod,
        Replay,
        Single,
    )
    return next(method for method in methods if method.name == name)


__all__ = ["Method", "make_method"]
