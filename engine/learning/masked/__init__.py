"""Masked language modelling: what the pretrained weights know, before any task."""

from engine.learning.fisher import masked_fisher
from engine.learning.masked.head import require_mask

__all__ = ["masked_fisher", "require_mask"]
