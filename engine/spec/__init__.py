"""What is asked for, as plain values: protocol, search, run and study. No torch, no store."""

from engine.spec.protocol import PRESETS, Preset, Protocol, preset
from engine.spec.run import (
    RunSpec,
    Source,
    StudySpec,
    Tuning,
    derived_seed,
    parse_sequence,
    run_name,
    sequence_name,
)
from engine.spec.search import SearchSettings

__all__ = [
    "PRESETS",
    "Preset",
    "Protocol",
    "RunSpec",
    "SearchSettings",
    "Source",
    "StudySpec",
    "Tuning",
    "derived_seed",
    "parse_sequence",
    "preset",
    "run_name",
    "sequence_name",
]
