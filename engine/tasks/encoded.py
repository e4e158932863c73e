"""Rows as token numbers, without padding until they are in a batch."""

from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

Integers = NDArray[np.integer[Any]]


class Encoded(Struct, frozen=True, kw_only=True, eq=False):
    """Rows of different lengths, one after another in flat arrays."""

    input_ids: NDArray[np.int32]
    """Shape (tokens,): all rows, unpadded."""
    token_type_ids: NDArray[np.int8] | None
    """Shape (tokens,); None where the backbone knows no token types."""
    offsets: NDArray[np.int64]
    """Shape (rows + 1,): row i is ``input_ids[offsets[i]:offsets[i + 1]]``."""
    labels: NDArray[np.int64]
    """Shape (rows,)."""
    padding: int
    """The token that fills short rows."""

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.labels)

    def lengths(self) -> NDArray[np.int64]:
        """Return the number of tokens of each row; shape (rows,)."""
        return np.diff(self.offsets)

    def tokens(self, rows: Integers | list[int]) -> int:
        """Return how many tokens these rows have together."""
        return int((self.offsets[1:][rows] - self.offsets[:-1][rows]).sum())

    def batch(self, rows: Integers | list[int]) -> dict[str, NDArray[np.int64]]:
        """Assemble rows, padded to the longest of them.

        Returns:
            ``input_ids``, ``attention_mask`` and, where the backbone knows them,
            ``token_type_ids``, each of shape (len(rows), longest); ``labels`` of shape
            (len(rows),).
        """
        starts = self.offsets[:-1][rows]
        lengths = self.offsets[1:][rows] - starts
        column = np.arange(lengths.max(initial=0))
        there = column < lengths[:, None]
        place = np.where(there, starts[:, None] + column, 0)
        batch = {
            "input_ids": np.where(there, self.input_ids[place], self.padding).astype(np.int64),
            "attention_mask": there.astype(np.int64),
            "labels": self.labels[rows],
        }
        if self.token_type_ids is not None:
            batch["token_type_ids"] = np.where(there, self.token_type_ids[place], 0).astype(
                np.int64
            )
        return batch
