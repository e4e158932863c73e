"""``profile``: one learning rate per choice, the paper's BERTcL (section 3)."""

from typing import ClassVar

from engine.learning.methods.base import Method


class ProfileMethod(Method):
    """Every choice learns at its own rate."""

    name: ClassVar[str] = "profile"
    begins_like_others: ClassVar[bool] = True
    can_be_stacked: ClassVar[bool] = True
