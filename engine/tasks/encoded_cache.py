"""Encoded rows on disk."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.tasks.cache import load_arrays, save_arrays
from engine.tasks.encoded import Encoded

_ROOM = "encoded"


def load_encoded(key: str) -> Encoded | None:
    """Return what is kept under ``key``; None if there is nothing, or nothing usable."""
    arrays = load_arrays(_ROOM, key)
    if arrays is None:
        return None
    try:
        encoded = Encoded(
            input_ids=arrays["input_ids"],
            token_type_ids=arrays.get("token_type_ids"),
            offsets=arrays["offsets"],
            labels=arrays["labels"],
            padding=int(arrays["padding"]),
        )
    except (KeyError, TypeError, ValueError):
        return None
    return encoded if _is_whole(encoded) else None


def save_encoded(key: str, encoded: Encoded) -> None:
    """Keep ``encoded`` under ``key``, for any process to find."""
    arrays: dict[str, NDArray[Any]] = {
        "input_ids": encoded.input_ids,
        "offsets": encoded.offsets,
        "labels": encoded.labels,
        "padding": np.array(encoded.padding),
    }
    if encoded.token_type_ids is not None:
        arrays["token_type_ids"] = encoded.token_type_ids
    save_arrays(_ROOM, key, arrays)


def _is_whole(encoded: Encoded) -> bool:
    tokens, types = len(encoded.input_ids), encoded.token_type_ids
    return (
        len(encoded.offsets) == len(encoded.labels) + 1
        and encoded.offsets[-1] == tokens
        and (types is None or len(types) == tokens)
    )
