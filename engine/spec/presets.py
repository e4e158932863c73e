"""Named, complete sets of switches."""

from msgspec import Struct

from engine.errors import UsageError
from engine.spec.protocol import Protocol
from engine.spec.search import SearchSettings


class Preset(Struct, frozen=True, kw_only=True):
    """A protocol and the search that goes with it."""

    name: str
    summary: str
    protocol: Protocol
    search: SearchSettings


_PAPER_BOUNDS = (1e-7, 1e-3)

PRESETS = {
    preset.name: preset
    for preset in (
        Preset(
            name="default",
            summary="the paper's protocol, scored on a slice held out of the training rows",
            protocol=Protocol(preset="default"),
            search=SearchSettings(),
        ),
        Preset(
            name="paper",
            summary="Bayesian optimisation with Hyperband as in the paper's text (section 4)",
            protocol=Protocol(preset="paper", selection="validation"),
            search=SearchSettings(
                trials=50,
                sampler="tpe",
                pruner="hyperband",
                body_bounds=_PAPER_BOUNDS,
                head_bounds=_PAPER_BOUNDS,
                warm_starts=False,
            ),
        ),
        Preset(
            name="original-code",
            summary="what the authors' published code really does",
            protocol=Protocol(
                preset="original-code",
                grouping="original-code",
                # 4 or 8, as the configuration has it; the paper says 16.
                batch_size=8,
                selection="validation",
                # Trials are compared on all of it, after every epoch: no task has more rows there.
                retention_rows=10_000,
                measures_per_epoch=1,
                dropout=False,
                shuffle=False,
                optimizer_state="carried",
                idle_heads="drifting",
                loss="softmax-cross-entropy",
                length_split="authors",
                precision="fp32",
            ),
            search=SearchSettings(
                trials=50,
                sampler="gp",
                pruner="asha",
                pruning_sees="first-stage",
                body_bounds=_PAPER_BOUNDS,
                head_bounds=_PAPER_BOUNDS,
                warm_starts=False,
            ),
        ),
    )
}


def preset(name: str) -> Preset:
    """Return the preset of that name.

    Raises:
        UsageError: there is no such preset.
    """
    try:
        return PRESETS[name]
    except KeyError:
        raise UsageError(f"no preset named '{name}'; use one of {', '.join(PRESETS)}") from None
