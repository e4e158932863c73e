"""The table: every option of a search, described once."""

from math import inf
from typing import Literal

from bertcl_tui.options import readers
from bertcl_tui.options.readers import Field
from engine.spec import PRESETS
from engine.tasks.catalog import data_name
from engine.tasks.sources import sources_said

Part = Literal["study", "protocol", "search", "preset"]
_PRESETS = {
    name: f"{preset.summary[0].upper()}{preset.summary[1:]}." for name, preset in PRESETS.items()
}
_METHODS = {
    "profile": "One learning rate per choice: the paper's BERTcL.",
    "flat": "One learning rate for all layers: the baseline, tuned.",
    "llrd": "One learning rate and its decay from layer to layer.",
}
_SAMPLERS = {
    "tpe": "Tree-structured Parzen estimator: learns from few trials.",
    "gp": "Gaussian process: makes the most of up to 100 trials.",
    "cma": "CMA-ES: follows one good region, best with many trials.",
    "random": "Draws without learning: the yardstick for the others.",
}
_PRUNERS = {
    "percentile": "Ends trials in the worst quarter while the last task is learnt.",
    "hyperband": "As in the paper: several brackets of early endings.",
    "asha": "As in the authors' code: keeps the better half at each rung.",
    "none": "Lets every trial come to its end.",
}
_PRECISIONS = {
    "auto": "bf16 where the hardware multiplies it natively, else fp32.",
    "fp32": "Exact, and slower.",
    "bf16": "Fast; slow where the hardware only emulates it.",
}


class Option(Field, frozen=True, kw_only=True):
    """A field of a search, and which part of the study's spec it sets.

    A default that is empty here is the preset's.
    """

    part: Part
    sets: str = ""
    """Which field of that part; empty: the one of the option's own name."""

    @property
    def target(self) -> str:
        """The field of the part that it sets."""
        return self.sets or self.name


OPTIONS = (
    Option(
        name="sequence",
        label="Sequence",
        help="Tasks learnt one after another; the first must not be forgotten.",
        part="study",
        read=readers.sequence,
    ),
    Option(
        name="data",
        label="Data",
        help=f"{sources_said()}.",
        part="study",
        read=data_name,
        default="hub",
    ),
    Option(
        name="model",
        label="Model",
        help="The pretrained backbone: sample, a hub name, or a folder.",
        part="study",
        read=readers.model,
        default="bert-base-uncased",
    ),
    Option(
        name="preset",
        label="Preset",
        help="A complete set of switches; the options below change some.",
        part="preset",
        read=readers.one_of("preset", _PRESETS),
        default="default",
        choices=_PRESETS,
        metavar="WORD",
    ),
    Option(
        name="method",
        label="Method",
        help="Whose learning rates are searched.",
        part="study",
        read=readers.one_of("method", _METHODS),
        default="profile",
        choices=_METHODS,
        metavar="WORD",
    ),
    Option(
        name="trials",
        label="Trials",
        help="How many are tried in all, whatever becomes of each.",
        part="search",
        read=readers.whole("trials", least=1, example=60),
        metavar="N",
    ),
    Option(
        name="budget",
        label="Budget",
        help="Epochs that all trials may take together; none begins after.",
        part="search",
        sets="budget_epochs",
        read=readers.number("budget", low=1, high=inf, example=200),
        metavar="N",
    ),
    Option(
        name="epochs",
        label="Epochs",
        help="Passes over the training rows of each task.",
        part="protocol",
        read=readers.whole("epochs", least=1, example=3),
        metavar="N",
    ),
    Option(
        name="train_rows",
        label="Train rows",
        help="At most so many to learn from: fewer is faster and noisier.",
        part="protocol",
        read=readers.whole("train rows", least=2, example=800),
        metavar="N",
    ),
    Option(
        name="eval_rows",
        label="Eval rows",
        help="At most so many to score a trial on: fewer is noisier.",
        part="protocol",
        read=readers.whole("eval rows", least=2, example=1000),
        metavar="N",
    ),
    Option(
        name="batch_size",
        label="Batch size",
        help="Rows of a step.",
        part="protocol",
        read=readers.whole("batch size", least=1, example=16),
        metavar="N",
    ),
    Option(
        name="max_length",
        label="Max length",
        help="Tokens of an input; what is longer is cut off.",
        part="protocol",
        read=readers.whole("max length", least=8, example=128),
        metavar="N",
    ),
    Option(
        name="warmup",
        label="Warm-up",
        help="Share of a stage over which the rate rises to its peak.",
        part="protocol",
        read=readers.number("warm-up", low=0, high=1, example=0.1),
        metavar="N",
    ),
    Option(
        name="retention_rows",
        label="Retention rows",
        help="Rows on which forgetting is followed while a task is learnt.",
        part="protocol",
        read=readers.whole("retention rows", least=1, example=256),
        metavar="N",
    ),
    Option(
        name="measures_per_epoch",
        label="Measures",
        help="How often in an epoch forgetting is measured.",
        part="protocol",
        read=readers.whole("measures per epoch", least=1, example=4),
        metavar="N",
    ),
    Option(
        name="sampler",
        label="Sampler",
        help="Who proposes what is tried next.",
        part="search",
        read=readers.one_of("sampler", _SAMPLERS),
        choices=_SAMPLERS,
        metavar="WORD",
    ),
    Option(
        name="pruner",
        label="Pruner",
        help="Who ends hopeless trials early.",
        part="search",
        read=readers.one_of("pruner", _PRUNERS),
        choices=_PRUNERS,
        metavar="WORD",
    ),
    Option(
        name="in_order",
        label="In order",
        help="The same trials each time it is run, with so many under way at once.",
        part="search",
        read=readers.whole("in order", least=1, example=2),
        metavar="N",
    ),
    Option(
        name="seed",
        label="Seed",
        help="The same seed gives the same search, by one worker or in order.",
        part="study",
        read=readers.whole("seed", least=0, example=0),
        metavar="N",
        default="0",
    ),
    Option(
        name="name",
        label="Name",
        help="What the study is called; by default its sequence.",
        part="study",
        read=readers.study_name,
    ),
    Option(
        name="device",
        label="Device",
        help="Where it is learnt: auto takes CUDA, then MPS, then CPU.",
        part="study",
        read=readers.device,
        default="auto",
    ),
    Option(
        name="precision",
        label="Precision",
        help="The arithmetic of matrix products.",
        part="protocol",
        read=readers.one_of("precision", _PRECISIONS),
        choices=_PRECISIONS,
        metavar="WORD",
    ),
)


def option(name: str) -> Option:
    """Return the option of that name."""
    return next(option for option in OPTIONS if option.name == name)
