"""``flat``: one learning rate for all layers, the paper's BERTbase."""

from typing import ClassVar

from engine.learning.methods.base import Method


class Flat(Method):
    """Every choice learns at ``lr``."""

    name: ClassVar[str] = "flat"
    begins_like_others: ClassVar[bool] = True
    can_be_stacked: ClassVar[bool] = True
