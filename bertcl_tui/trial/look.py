"""One look at a run: what its screen asks of the store, and what comes back. May block."""

from msgspec import Struct

from bertcl_tui.charts.layers import LayerRow
from bertcl_tui.store.reader import Reader
from bertcl_tui.store.rows import RunCurves, RunFacts
from bertcl_tui.trial.accuracies import Accuracies, accuracies_of
from bertcl_tui.trial.layers import layers_of
from engine.store.measurements import DriftRecord


class RunLook(Struct, frozen=True, kw_only=True):
    """What the store said of a run."""

    run: RunFacts
    curves: RunCurves | None
    accuracies: tuple[Accuracies, ...]
    drifts: tuple[DriftRecord, ...]
    layers: tuple[LayerRow, ...]


def look_at_run(reader: Reader, run_id: int, before: RunLook | None = None) -> RunLook | None:
    """Ask the store; None where there is no such run any more.

    Args:
        reader: of the store.
        run_id: which run.
        before: the last look, for what cannot have changed since.
    """
    run = reader.run(run_id)
    if run is None:
        return None
    drifts = reader.drift(run_id)
    return RunLook(
        run=run,
        curves=next(iter(reader.curves([run_id])), None),
        accuracies=accuracies_of(reader.stage_ends(run_id)),
        drifts=drifts,
        layers=_layers(run, drifts, before),
    )


def _layers(
    run: RunFacts, drifts: tuple[DriftRecord, ...], before: RunLook | None
) -> tuple[LayerRow, ...]:
    if before is not None and (before.run.run_id, before.run.learning_rates, before.drifts) == (
        run.run_id,
        run.learning_rates,
        drifts,
    ):
        return before.layers
    return layers_of(run.spec, run.learning_rates, drifts)
