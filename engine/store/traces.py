"""What steps of a run did, as far as they were looked at: their loss, and updates of layers."""

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select

from engine.store.connection import Store
from engine.store.schema import trace

_DECIMALS: Final = 2
"""Of a ratio's logarithm, which is told from few elements of a weight."""


class TraceRecord(Struct, frozen=True, kw_only=True):
    """A step that was looked at."""

    step: int
    """Over all stages."""
    loss: float | None
    """Mean of the steps since the trace before it; None: no number."""
    ratios: tuple[float | None, ...]
    """log10 of |update| / |weight|, as norms: embeddings, layers, heads; None: does not learn."""


def keep_traces(connection: Connection, run_id: int, traces: Sequence[TraceRecord]) -> None:
    """Remember these; what a resumed run looks at again replaces what stood there."""
    steps = [item.step for item in traces]
    again = trace.c.step.between(min(steps), max(steps))
    connection.execute(delete(trace).where(trace.c.run_id == run_id, again))
    rows = [
        {"run_id": run_id, "step": item.step, "loss": item.loss, "ratios": _written(item.ratios)}
        for item in traces
    ]
    connection.execute(insert(trace), rows)


def traces_of(store: Store, run_id: int) -> list[TraceRecord]:
    """Return what was seen of a run's steps, in their order."""
    query = select(trace).where(trace.c.run_id == run_id).order_by(trace.c.step)
    with store.reading() as connection:
        return [
            TraceRecord(step=row.step, loss=row.loss, ratios=_read(row.ratios))
            for row in connection.execute(query)
        ]


def _written(ratios: Sequence[float | None]) -> str:
    rounded = [None if ratio is None else round(ratio, _DECIMALS) for ratio in ratios]
    return msgspec.json.encode(rounded).decode()


def _read(text: str) -> tuple[float | None, ...]:
    return msgspec.json.decode(text, type=tuple[float | None, ...])
