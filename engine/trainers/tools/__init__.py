"""The trainers that a profile can be written for, one file each.

A trainer is one file here and one line in ``TOOLS``; command line, documents and tests go through
them.
"""

from collections.abc import Mapping
from typing import Final

from engine.trainers.tools.axolotl import AXOLOTL
from engine.trainers.tools.fairseq2 import FAIRSEQ2
from engine.trainers.tools.hf_trainer import HF_TRAINER
from engine.trainers.tools.lightning import LIGHTNING
from engine.trainers.tools.peft import PEFT
from engine.trainers.tools.sentence_transformers import SENTENCE_TRANSFORMERS
from engine.trainers.tools.timm import TIMM
from engine.trainers.tools.tool import Request, Rules, Tool
from engine.trainers.tools.torchtitan import TORCHTITAN

__all__ = ["TOOLS", "Request", "Rules", "Tool"]

TOOLS: Final[Mapping[str, Tool]] = {
    tool.name: tool
    for tool in (
        HF_TRAINER,
        SENTENCE_TRANSFORMERS,
        LIGHTNING,
        PEFT,
        TIMM,
        AXOLOTL,
        TORCHTITAN,
        FAIRSEQ2,
    )
}
"""Trainers by the name under which people ask for them."""
