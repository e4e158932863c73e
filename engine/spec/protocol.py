"""The protocol: every switch that decides what a measured score means; and its presets."""

import math
from collections.abc import Collection
from functools import partial
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct
from msgspec.structs import asdict, replace

from engine.errors import look_up
from engine.spec.search import SearchSettings

Count = Annotated[int, Meta(ge=1)]
Fraction = Annotated[float, Meta(ge=0.0, lt=1.0)]
Share = Annotated[float, Meta(ge=0.0)]

Balance = Literal["none", "weights", "sampling"]
Score = Literal["accuracy", "macro-f1"]

SCORE_NAMES: Final[dict[Score, str]] = {"accuracy": "accuracy", "macro-f1": "macro-F1"}
"""What people are told that a score is."""
FOLLOWING: Final = ("retention_rows", "measures_per_epoch", "curve_share", "probe_rows")
"""Switches that decide how closely a run is followed, not what it learns or scores."""


class Protocol(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Complete set of switches under which a sequence is learnt; stored with every run.

    Accuracies may be ranked or combined only among runs that score alike. The defaults are the
    protocol of Kenneweg et al. 2022, section 4, except where a comment says why not.
    """

    preset: str = "default"
    grouping: Literal["paper", "original-code"] = "paper"
    epochs: Count | None = None
    """None: what the task's own entry says (5 for SST-2, RTE, MRPC; 3 for MNLI, QNLI, QQP)."""
    batch_size: Count = 16
    max_length: Count = 256
    """Tokens; longer inputs are truncated, shorter ones padded to the longest of their batch."""
    warmup: Fraction = 0.1
    """Share of a stage's steps over which the rate rises linearly, before its cosine decay."""
    train_rows: Count | None = None
    eval_rows: Count | None = None
    selection: Literal["held-out", "validation"] = "held-out"
    """The rows that score a trial. The paper used the validation split for this and for the
    report; a slice held out of the training rows keeps the reported number honest."""
    retention_rows: Count = 256
    """Size of the fixed subset on which accuracy is followed while a stage is learnt."""
    measures_per_epoch: Count = 4
    curve_share: Share | None = None
    """Most that following accuracy within a stage may cost, as a share of what learning it costs,
    both counted in tokens. Where ``measures_per_epoch`` on ``retention_rows`` is more, the curve
    gets fewer points, most of them early, where it moves, and then fewer rows; but never less than
    three points on 32 rows, unless this is 0. A stage's end is always measured. None: no bound."""
    probe_rows: Annotated[int, Meta(ge=0)] = 0
    """Most training rows of a task on which a linear probe is fitted at the end of a stage, which
    tells what is lost in the head from what is lost in the encoder. 0: none is."""
    dropout: bool = True
    shuffle: bool = True
    batching: Literal["mixed", "by-length"] = "mixed"
    """Whether a batch has its rows as they come, or rows of like length: within every 50 batches of
    that order they are sorted by it, and the batches come in an order of their own. Then less of a
    padded batch is padding; which rows are learnt together, and so what is learnt, is other."""
    balance: Balance = "none"
    """What is done where classes are not equally frequent. weights: a row counts by how rare its
    class is among the training rows, 1 on average; sampling: an epoch has as many rows of each
    class of a task, some often and some not at all, and as many in all."""
    score: Score = "accuracy"
    """What p, p_o and p_s are made of, and with them all that ranks and ends trials."""
    optimizer_state: Literal["fresh", "carried"] = "fresh"
    """What Adam knows at the start of a later stage; the authors' code carries it over."""
    idle_heads: Literal["frozen", "drifting"] = "frozen"
    """Heads of tasks not being learnt: the authors' code lets Adam's momentum move them."""
    loss: Literal["cross-entropy", "softmax-cross-entropy"] = "cross-entropy"
    """The authors' code applies cross-entropy to a softmax."""
    length_split: Literal["median-tokens", "authors"] = "median-tokens"
    """How a task's rows fall into short and long ones: at the median number of tokens, or as in the
    authors' code, which counts otherwise and takes a sorting index for a rank."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """auto: bf16 where the hardware multiplies it faster than fp32, else fp32."""

    def scoring(self) -> "Protocol":
        """Return what decides a score: the protocol, followed as its preset has it."""
        usual = preset(self.preset).protocol
        return replace(self, **{name: getattr(usual, name) for name in FOLLOWING})

    def scores_like(self, other: "Protocol") -> bool:
        """Whether accuracies under both may be compared: they are followed otherwise at most."""
        return self.scoring() == other.scoring()


WHERE_NONE: Final = {
    "epochs": "as each task says",
    "train_rows": "all",
    "eval_rows": "all",
    "curve_share": "unbounded",
}
"""What people are told where one of these switches has no value."""


LATER: Final = ("batching", "balance", "score", "probe_rows")
"""Switches that came later: where they are as in `Protocol`, all is as before there were any."""


def as_known_before(protocol: Protocol, later: Collection[str] = LATER) -> dict[str, object]:
    """Return the switches by name, without those that came later and say what was always done."""
    usual = Protocol()
    return {
        name: value
        for name, value in asdict(protocol).items()
        if name not in later or value != getattr(usual, name)
    }


class Preset(Struct, frozen=True, kw_only=True):
    """A protocol and the search that goes with it."""

    name: str
    summary: str
    protocol: Protocol
    search: SearchSettings


_PAPERS = (1e-7, 1e-3)
_published = partial(
    SearchSettings, trials=50, body_bounds=_PAPERS, head_bounds=_PAPERS, warm_starts=False
)

PRESETS = {
    preset.name: preset
    for preset in (
        Preset(
            name="default",
            summary="the paper's protocol, scored on a slice held out of the training rows",
            protocol=Protocol(preset="default", curve_share=0.1, probe_rows=100),
            search=SearchSettings(trial_seeds="shared", racing="on", when_flat="stop"),
        ),
        Preset(
            name="paper",
            summary="Bayesian optimisation with Hyperband as in the paper's text (section 4)",
            protocol=Protocol(preset="paper", selection="validation"),
            search=_published(sampler="tpe", pruner="hyperband"),
        ),
        Preset(
            name="original-code",
            summary="what the authors' published code really does",
            protocol=Protocol(
                preset="original-code",
                grouping="original-code",
                batch_size=8,  # or 4, as the configuration has it; the paper says 16
                selection="validation",
                retention_rows=10_000,  # all, after every epoch: no task has more rows there
                measures_per_epoch=1,
                dropout=False,
                shuffle=False,
                optimizer_state="carried",
                idle_heads="drifting",
                loss="softmax-cross-entropy",
                length_split="authors",
                precision="fp32",
            ),
            search=_published(sampler="gp", pruner="asha", pruning_sees="first-stage"),
        ),
    )
}


def preset(name: str) -> Preset:
    """Return the preset of that name.

    Raises:
        UsageError: there is no such preset.
    """
    return look_up("preset", name, PRESETS)


def rate_factor(step: int, steps: int, warmup: float) -> float:
    """Return the share of its peak, 0..1, that a rate has in a step.

    It rises linearly over the first of the stage, then falls to 0 along a half cosine.

    Args:
        step: of the stage, from 0.
        steps: of the whole stage.
        warmup: share of the stage over which the rate rises.
    """
    rising = warmup_steps(steps, warmup)
    if step < rising:
        return (step + 1) / rising
    falling = max(1, steps - rising)
    return 0.5 * (1.0 + math.cos(math.pi * (step - rising) / falling))


def warmup_steps(steps: int, warmup: float) -> int:
    """Return over how many of a stage's steps the rate rises."""
    return round(warmup * steps)
