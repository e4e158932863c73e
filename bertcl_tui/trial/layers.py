"""Every layer of a run's backbone: its rate, whom it shares it with, and how far it moved."""

from collections.abc import Sequence

from bertcl_tui.charts.layers import LayerRow
from bertcl_tui.style.choices import choice_labels, grouping_of
from engine.profiles.grouping import Grouping, make_grouping
from engine.spec import RunSpec
from engine.store.measurements import DriftRecord


def layers_of(
    spec: RunSpec, learning_rates: Sequence[float], drifts: Sequence[DriftRecord]
) -> tuple[LayerRow, ...]:
    """Return the layers from the embeddings to the heads.

    Where the backbone's depth cannot be told, its choices stand for them. May block: a hub name is
    looked up in the hub's local cache.

    Args:
        spec: of the run.
        learning_rates: one per choice; empty: not known yet.
        drifts: as they were measured.
    """
    moved = {(row.place, row.stage): row.drift for row in drifts}
    stages = range(max((row.stage for row in drifts), default=-1) + 1)
    return tuple(
        LayerRow(
            label=label,
            choice=choice,
            rate=learning_rates[choice] if learning_rates and choice is not None else None,
            drifts=tuple(moved.get((place, stage)) for stage in stages),
        )
        for place, (label, choice) in enumerate(_named(spec, len(learning_rates), drifts))
    )


def _named(
    spec: RunSpec, choices: int, drifts: Sequence[DriftRecord]
) -> Sequence[tuple[str, int | None]]:
    """Return the layers' names with the choice each belongs to."""
    grouping = _measured(spec, drifts) or grouping_of(spec.model, spec.protocol.grouping, choices)
    if grouping is not None and grouping.n_choices != choices:
        grouping = None
    if grouping is not None:
        layers = range(1, grouping.n_layers + 1)
        between = [(f"layer {layer}", grouping.choice_of_layer(layer)) for layer in layers]
        return [("embeddings", 0), *between, ("heads", choices - 1)]
    if drifts and not choices:
        return [(row.layer, None) for row in drifts if row.stage == drifts[0].stage]
    labels = choice_labels(spec.model, spec.protocol.grouping, choices)
    return [(label, choice) for choice, label in enumerate(labels)]


def _measured(spec: RunSpec, drifts: Sequence[DriftRecord]) -> Grouping | None:
    """Return which layers share a rate, where drift says how many there are."""
    heads = max((row.place for row in drifts), default=0)
    return make_grouping(spec.protocol.grouping, heads - 1) if heads > 1 else None
