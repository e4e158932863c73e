"""Encoded rows on disk. Losing a file costs time, nothing else."""

import contextlib
import os
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_path
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from engine.tasks.encoded import Encoded


def cache_folder() -> Path:
    """Return where encoded rows are kept: under $BERTCL_CACHE, or the user's cache folder."""
    base = os.environ.get("BERTCL_CACHE")
    return (Path(base) if base else user_cache_path("bertcl-tui", appauthor=False)) / "encoded"


def load_encoded(key: str) -> Encoded | None:
    """Return what is kept under ``key``; None if there is nothing, or nothing usable."""
    try:
        arrays = load_file(_path(key))
        encoded = Encoded(
            input_ids=arrays["input_ids"],
            token_type_ids=arrays.get("token_type_ids"),
            offsets=arrays["offsets"],
            labels=arrays["labels"],
            padding=int(arrays["padding"]),
        )
    except (OSError, SafetensorError, KeyError, TypeError, ValueError):
        return None
    return encoded if _is_whole(encoded) else None


def save_encoded(key: str, encoded: Encoded) -> None:
    """Keep ``encoded`` under ``key``, for any process to find; whole, or not at all.

    Where the disk is full or the folder read-only, nothing is kept.
    """
    arrays: dict[str, NDArray[Any]] = {
        "input_ids": encoded.input_ids,
        "offsets": encoded.offsets,
        "labels": encoded.labels,
        "padding": np.array(encoded.padding),
    }
    if encoded.token_type_ids is not None:
        arrays["token_type_ids"] = encoded.token_type_ids
    path = _path(key)
    beside = path.with_name(f"{key}.{uuid4().hex}.part")
    with contextlib.suppress(OSError, SafetensorError):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            save_file(arrays, beside)
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)


def _path(key: str) -> Path:
    return cache_folder() / f"{key}.safetensors"


def _is_whole(encoded: Encoded) -> bool:
    tokens, types = len(encoded.input_ids), encoded.token_type_ids
    return (
        len(encoded.offsets) == len(encoded.labels) + 1
        and encoded.offsets[-1] == tokens
        and (types is None or len(types) == tokens)
    )
