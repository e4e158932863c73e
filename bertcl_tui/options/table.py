"""The table: every option of a search, described once."""

from typing import Literal

from bertcl_tui.options import readers
from bertcl_tui.options.field import Field
from engine.spec import PRESETS, parse_sequence
from engine.tasks.catalog import data_name

Part = Literal["study", "protocol", "search", "preset"]


class Option(Field, frozen=True, kw_only=True):
    """A field of a search, and which part of the study's spec it sets.

    A default that is empty here is the preset's.
    """

    part: Part

    @property
    def flag(self) -> str:
        return f"--{self.name.replace('_', '-')}"


_PRESETS = {name: preset.summary for name, preset in PRESETS.items()}
_SAMPLERS = {
    "tpe": "tree-structured Parzen estimator: learns from few trials, stays fast with many",
    "gp": "Gaussian process: the most from up to 100 trials, slow beyond",
    "cma": "CMA-ES: follows one good region, at its best with many trials",
    "random": "draws without learning: the yardstick for the others",
}
_PRUNERS = {
    "percentile": "ends trials that are among the worst quarter while the last task is learnt",
    "hyperband": "the paper's: several brackets of early endings",
    "asha": "the authors' code: keeps the better half at each rung",
    "none": "lets every trial come to its end",
}
_PRECISIONS = {
    "auto": "bf16 where the hardware multiplies it natively, else fp32",
    "fp32": "exact, and slower",
    "bf16": "fast, also where the hardware only emulates it",
}

OPTIONS = (
    Option(
        name="sequence",
        label="Sequence",
        help="Tasks learnt one after another; the first must not be forgotten.",
        part="study",
        read=parse_sequence,
    ),
    Option(
        name="data",
        label="Data",
        help="Where tasks come from: sample, hub (GLUE), a folder, or a task file (.toml).",
        part="study",
        read=data_name,
        default="hub",
    ),
    Option(
        name="model",
        label="Model",
        help="The pretrained backbone: sample, a hub name, or a local folder.",
        part="study",
        read=readers.model,
        default="bert-base-uncased",
    ),
    Option(
        name="preset",
        label="Preset",
        help="A complete set of switches, which the options below then change.",
        part="preset",
        read=readers.one_of("preset", _PRESETS),
        default="default",
        choices=_PRESETS,
    ),
    Option(
        name="trials",
        label="Trials",
        help="How many profiles are tried in all, whatever becomes of each.",
        part="search",
        read=readers.whole("trials", least=1, example=60),
    ),
    Option(
        name="epochs",
        label="Epochs",
        help="Passes over each task's training rows; by default what each task says.",
        part="protocol",
        read=readers.whole("epochs", least=1, example=3),
    ),
    Option(
        name="train_rows",
        label="Train rows",
        help="At most so many training rows of each task: fewer is faster and noisier.",
        part="protocol",
        read=readers.whole("train rows", least=2, example=800),
    ),
    Option(
        name="eval_rows",
        label="Eval rows",
        help="At most so many rows to score a trial on: fewer is faster and noisier.",
        part="protocol",
        read=readers.whole("eval rows", least=2, example=1000),
    ),
    Option(
        name="sampler",
        label="Sampler",
        help="Who proposes the next profile.",
        part="search",
        read=readers.one_of("sampler", _SAMPLERS),
        choices=_SAMPLERS,
    ),
    Option(
        name="pruner",
        label="Pruner",
        help="Who ends hopeless trials early.",
        part="search",
        read=readers.one_of("pruner", _PRUNERS),
        choices=_PRUNERS,
    ),
    Option(
        name="seed",
        label="Seed",
        help="The same seed gives the same search; each trial adds its number.",
        part="study",
        read=readers.whole("seed", least=0, example=0),
        default="0",
    ),
    Option(
        name="name",
        label="Name",
        help="What the study is called; by default its sequence, made unique.",
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
    ),
)


def option(name: str) -> Option:
    """Return the option of that name."""
    return next(option for option in OPTIONS if option.name == name)
