"""The table: every option of a search, described once."""

from collections.abc import Mapping
from functools import partial
from math import inf
from typing import Final, Literal

from bertcl_tui.options import readers
from bertcl_tui.options.readers import Field
from engine.spec import PRESETS
from engine.tasks.catalog import data_name
from engine.tasks.models import SAMPLE, USUAL_MODEL
from engine.tasks.sources import named_sources, sources_said

UNBOUNDED: Final = "unbounded"
Part = Literal["study", "protocol", "search", "preset"]
_PRESETS = {
    name: f"{preset.summary[0].upper()}{preset.summary[1:]}." for name, preset in PRESETS.items()
}
_METHODS = {
    "profile": "One learning rate per choice: the paper's BERTcL.",
    "flat": "One learning rate for all layers: the baseline, tuned.",
    "llrd": "One learning rate and its decay from layer to layer.",
}
_STAGES = {
    "all": "As in the paper: a profile is used from the first step on.",
    "later": "Stage 1 is learnt once, flat; every trial goes on from its end.",
}
_SAMPLERS = {
    "tpe": "Tree-structured Parzen estimator: learns from few trials.",
    "gp": "Gaussian process: makes the most of up to 100 trials.",
    "smooth": "Gaussian process that tells luck from skill, and bad from worse.",
    "cma": "CMA-ES: follows one good region, best with many trials.",
    "random": "Draws without learning: the yardstick for the others.",
}
_PRUNERS = {
    "percentile": "Ends trials in the worst quarter while the last task is learnt.",
    "hyperband": "As in the paper: several brackets of early endings.",
    "asha": "As in the authors' code: keeps the better half at each rung.",
    "none": "Lets every trial come to its end.",
}
_SEEDS = {
    "shared": "All trials learn with the same seed: luck does not tell them apart.",
    "own": "Each trial has a seed of its own, as in the paper.",
}
_RACING = {
    "on": "The best three get three seeds each, for a quarter of all runs at most.",
    "off": "Every trial is run once.",
}
_WHEN_FLAT = {
    "stop": "Ends when the later half gained less in p than chance does.",
    "go-on": "Goes on to the last trial.",
}
_BATCHING = {
    "mixed": "A batch has its rows as they come, as in the paper.",
    "by-length": "A batch has rows of like length: less padding on a GPU.",
}
_BALANCES = {
    "none": "Rows are learnt as often as they are there.",
    "weights": "Rows of rare classes count more: all classes count the same.",
    "sampling": "Rows of rare classes come more often: all classes come as often.",
}
_SCORES = {
    "accuracy": "The share of rows that are right, as in the paper.",
    "macro-f1": "The mean F1 of the classes: a rare one counts as much as others.",
}
_PRECISIONS = {
    "auto": "bf16 where the hardware multiplies it faster, else fp32.",
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


def _whole(
    name: str, label: str, what: str, *, part: Part, least: int, example: int, default: str = ""
) -> Option:
    """Return an option whose value is a whole number."""
    read = readers.whole(name.replace("_", " "), least=least, example=example)
    return Option(name, label, what, read, default, metavar="N", part=part)


def _word(
    name: str, label: str, what: str, *, part: Part, choices: Mapping[str, str], default: str = ""
) -> Option:
    """Return an option whose value is one of a few words."""
    read = readers.one_of(name.replace("_", " "), choices)
    return Option(name, label, what, read, default, choices, metavar="WORD", part=part)


_of_study = partial(Option, part="study")
_whole_of_protocol = partial(_whole, part="protocol")
_whole_of_search = partial(_whole, part="search")

OPTIONS = (
    _of_study(
        "sequence",
        "Sequence",
        "Tasks learnt one after another; the first must not be forgotten.",
        readers.sequence,
        long=True,
    ),
    _of_study(
        "data",
        "Data",
        f"{sources_said()}.",
        data_name,
        default="hub",
        long=True,
        files=(".toml",),
        words=tuple(source.word for source in named_sources()),
    ),
    _of_study(
        "model",
        "Model",
        "The pretrained backbone: sample, a hub name, or a folder.",
        readers.model,
        default=USUAL_MODEL,
        long=True,
        files=(),
        words=(SAMPLE, USUAL_MODEL),
    ),
    _word(
        "preset",
        "Preset",
        "A complete set of switches; the options below change some.",
        part="preset",
        choices=_PRESETS,
        default="default",
    ),
    _of_study(
        "method",
        "Method",
        "Whose learning rates are searched.",
        readers.searched_method(_METHODS),
        "profile",
        _METHODS,
        metavar="WORD",
    ),
    Option(
        "searched_stages",
        "Stages",
        "Which stages the searched rates are for.",
        readers.one_of("choice of stages", _STAGES),
        choices=_STAGES,
        metavar="WORD",
        part="search",
    ),
    Option(
        "first_lr",
        "First rate",
        "Of all layers in stage 1, where later stages are searched.",
        readers.rate,
        metavar="RATE",
        part="search",
    ),
    _whole_of_search(
        "trials",
        "Trials",
        "How many are tried in all, whatever becomes of each.",
        least=1,
        example=60,
    ),
    Option(
        "budget",
        "Budget",
        "Epochs that all trials may take together; none begins after.",
        readers.number("budget", low=1, high=inf, example=200),
        part="search",
        sets="budget_epochs",
        metavar="N",
    ),
    _whole_of_protocol(
        "epochs", "Epochs", "Passes over the training rows of each task.", least=1, example=3
    ),
    _whole_of_protocol(
        "train_rows",
        "Train rows",
        "At most so many to learn from: fewer is faster and noisier.",
        least=2,
        example=800,
    ),
    _whole_of_protocol(
        "eval_rows",
        "Eval rows",
        "At most so many to score a trial on: fewer is noisier.",
        least=2,
        example=1000,
    ),
    _whole_of_protocol("batch_size", "Batch size", "Rows of a step.", least=1, example=16),
    _word(
        "batching",
        "Batching",
        "Which rows are learnt together in a step.",
        part="protocol",
        choices=_BATCHING,
    ),
    _word(
        "balance",
        "Balance",
        "What is done about classes that are rarer than others.",
        part="protocol",
        choices=_BALANCES,
    ),
    _word("score", "Score", "What p is made of.", part="protocol", choices=_SCORES),
    _whole_of_protocol(
        "max_length",
        "Max length",
        "Tokens of an input; what is longer is cut off.",
        least=8,
        example=128,
    ),
    Option(
        "warmup",
        "Warm-up",
        "Share of a stage over which the rate rises to its peak.",
        readers.number("warm-up", low=0, high=1, example=0.1),
        part="protocol",
        metavar="N",
    ),
    _whole_of_protocol(
        "retention_rows",
        "Retention rows",
        "Most rows of a task on which forgetting is followed.",
        least=1,
        example=256,
    ),
    _whole_of_protocol(
        "measures_per_epoch",
        "Measures",
        "How often in an epoch forgetting is measured.",
        least=1,
        example=4,
    ),
    Option(
        name="curve_share",
        label="Curve share",
        help="Most it may cost of a stage's learning; then less often, on fewer rows.",
        part="protocol",
        read=readers.number_or(UNBOUNDED, "curve share", low=0, high=inf, example=0.1),
        metavar="N",
    ),
    _whole_of_protocol(
        "probe_rows",
        "Probe rows",
        "Most training rows that tell a lost head from a lost encoder; 0: none.",
        least=0,
        example=100,
    ),
    _word(
        "sampler", "Sampler", "Who proposes what is tried next.", part="search", choices=_SAMPLERS
    ),
    _word("pruner", "Pruner", "Who ends hopeless trials early.", part="search", choices=_PRUNERS),
    _word(
        "trial_seeds",
        "Trial seeds",
        "Whether trials share their random numbers while they learn.",
        part="search",
        choices=_SEEDS,
    ),
    _word(
        "racing",
        "Racing",
        "Whether the best trials get more seeds while the search goes on.",
        part="search",
        choices=_RACING,
    ),
    _word(
        "when_flat",
        "When flat",
        "What becomes of a search that finds nothing better any more.",
        part="search",
        choices=_WHEN_FLAT,
    ),
    _whole_of_search(
        "in_order",
        "In order",
        "The same trials each time it is run, with so many under way at once.",
        least=1,
        example=2,
    ),
    _whole(
        "seed",
        "Seed",
        "The same seed gives the same search, by one worker or in order.",
        part="study",
        least=0,
        example=0,
        default="0",
    ),
    _of_study(
        "name", "Name", "What the study is called; by default its sequence.", readers.study_name
    ),
    _of_study(
        "device",
        "Device",
        "Where it is learnt: auto takes CUDA, then MPS, then CPU.",
        readers.device,
        default="auto",
    ),
    _word(
        "precision",
        "Precision",
        "The arithmetic of matrix products.",
        part="protocol",
        choices=_PRECISIONS,
    ),
)


def option(name: str) -> Option:
    """Return the option of that name."""
    return next(option for option in OPTIONS if option.name == name)
