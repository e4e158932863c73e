"""What differs between runs, and between a run and the paper's."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import asdict

from engine.spec.methods import METHODS, OptionValue
from engine.spec.protocol import FOLLOWING, preset
from engine.spec.run import RunSpec, sequence_name

# What Kenneweg et al. 2022 did, as far as a run can do otherwise; section 4, unless a note says.
PAPER_MODEL: Final = "bert-base-uncased"
PAPER_DATA: Final = "hub"
PAPER_SEED: Final = 999
PAPER_EPOCHS: Final = {"sst2": 5, "rte": 5, "mrpc": 5, "mnli": 3, "qnli": 3, "qqp": 3}
"""By task; there are no others in the paper."""
PAPER_OPTIONS: Final[dict[str, dict[str, OptionValue]]] = {
    "flat": {"lr": 2e-5},
    "profile": {},
    "ewc-mlm": {"importance": 675.0, "text": "wiki40b", "texts": 25_000},
}
"""By method; there are no others in the paper."""

_SILENT: Final = "The paper does not say; its authors' code"
PAPER_NOTES: Final = {
    "sequence": "The paper learns pairs of GLUE tasks, and halves of such tasks.",
    "data": "The paper's tasks are those of GLUE, with all their rows.",
    "model": "The paper has no other backbone.",
    "method": "The paper compares BERTbase (flat), BERT+EWC (ewc-mlm) and BERTcL (profile).",
    "lr": "The authors' log has the paper's numbers of BERTbase at 1e-5, not 2e-5.",
    "importance": "The authors' code has 1000.",
    "first_lr": "The paper learns all stages with the rates that it searched.",
    "seed": "The paper has one seed; two such runs of mrpc:sst2 in its log differ by .056 in p_o.",
    "grouping": "The paper's text and its authors' code group the layers as mirror images; the "
    "published profile was learnt with the code's.",
    "epochs": "5 for SST-2, RTE and MRPC, 3 for MNLI, QNLI and QQP.",
    "batch_size": "The configurations that come with the authors' code have 4 or 8.",
    "train_rows": "The paper learns from all rows.",
    "eval_rows": "The paper measures on all rows, in its code on the first 10,000 of QQP.",
    "selection": "The paper chooses and reports on the same rows, so its best is flattered.",
    "dropout": f"{_SILENT} never turns it on.",
    "shuffle": f"{_SILENT} learns the rows as they come.",
    "batching": f"{_SILENT} takes the rows of a batch as they come.",
    "balance": "The paper learns the rows as often as they are; no task of it is very skewed.",
    "score": "The paper has p of accuracies.",
    "optimizer_state": f"{_SILENT} keeps Adam's moments from task to task.",
    "idle_heads": f"{_SILENT} lets them drift by Adam's moments.",
    "loss": f"{_SILENT} applies cross-entropy to a softmax.",
    "length_split": "The authors' code counts sentences of pairs, and takes a sorting index for a "
    "rank: its split is a random one.",
    "precision": f"{_SILENT} multiplies in fp32.",
}
"""Why it matters, or what else is known, by the name of the difference."""

_NOT_OF_THE_PAPER: Final = (
    "preset",
    *FOLLOWING,
    "device",
)
"""They name switches, or decide what is seen of a run, not what is learnt."""
_EVERY_RATE: Final = "learning rates"

Facts = Mapping[str, Any]
"""What decides a run's result: numbers, words and switches by name."""


class Difference(Struct, frozen=True):
    """Something that is not the same in all; None: there is no such thing."""

    name: str
    values: tuple[Any, ...]
    """In the order of what was compared."""
    note: str = ""
    """Why it matters, or what else is known."""


def facts_of(spec: RunSpec, learning_rates: Sequence[float] | None = None) -> Facts:
    """Return what decides a run's result, the defaults of its method's options filled in.

    Args:
        spec: the run.
        learning_rates: one per choice, where its method has made them by now.
    """
    protocol = asdict(spec.protocol)
    rates = learning_rates or spec.learning_rates or ()
    return {
        "sequence": sequence_name(spec.sequence),
        "data": spec.data,
        "model": spec.model,
        "method": spec.method,
        **_options(spec),
        **{f"lr{choice}": rate for choice, rate in enumerate(rates)},
        **{name: value for name, value in _of_stage_1(spec).items() if value is not None},
        "seed": spec.seed,
        **protocol,
        "epochs": _epochs(spec),
        "device": spec.device,
    }


def differences(several: Sequence[Facts]) -> tuple[Difference, ...]:
    """Return what is not the same in all of these; rates that differ alike stand in one line."""
    names = dict.fromkeys(name for facts in several for name in facts)
    columns = {name: tuple(facts.get(name) for facts in several) for name in names}
    found = {name: values for name, values in columns.items() if _vary(values)}
    return tuple(Difference(name, values) for name, values in _rates_in_one(found).items())


def differences_from_paper(spec: RunSpec) -> tuple[Difference, ...]:
    """Return where a run is not as the paper's, with what the run has and what the paper has.

    Nothing is said of the rates of a profile: the paper has one for every sequence.
    """
    paper = _paper_facts(spec)
    ours = {name: value for name, value in facts_of(spec).items() if name in paper}
    return tuple(
        Difference(item.name, item.values, PAPER_NOTES.get(item.name, ""))
        for item in differences((ours, paper))
    )


def _paper_facts(spec: RunSpec) -> Facts:
    tasks = _tasks(spec)
    of_paper = all(task in PAPER_EPOCHS for task in tasks)
    protocol = asdict(preset("paper").protocol)
    return {
        "sequence": sequence_name(spec.sequence) if of_paper else ", ".join(PAPER_EPOCHS),
        "data": PAPER_DATA,
        "model": PAPER_MODEL,
        "method": spec.method if spec.method in PAPER_OPTIONS else ", ".join(PAPER_OPTIONS),
        **PAPER_OPTIONS.get(spec.method, {}),
        "first_lr": None,
        "seed": PAPER_SEED,
        **{name: value for name, value in protocol.items() if name not in _NOT_OF_THE_PAPER},
        "epochs": _own_epochs(tasks),
    }


def _tasks(spec: RunSpec) -> list[str]:
    """Return whose rows are learnt, in whole or in part."""
    return [name.partition("/")[0] for name in spec.sequence]


def _options(spec: RunSpec) -> Facts:
    known = next((entry.options for entry in METHODS if entry.name == spec.method), ())
    defaults = {option.name: option.default for option in known if option.default is not None}
    return {**defaults, **spec.options}


def _of_stage_1(spec: RunSpec) -> Facts:
    """Return what stage 1 has of its own; None: nothing."""
    return {"first_lr": spec.first_lr, "first_seed": spec.first_seed}


def _epochs(spec: RunSpec) -> str:
    """Say how often each task's rows are learnt from, as far as the spec says."""
    epochs = spec.protocol.epochs
    return _own_epochs(_tasks(spec)) if epochs is None else str(epochs)


def _own_epochs(tasks: Sequence[str]) -> str:
    epochs = [PAPER_EPOCHS.get(task) for task in tasks]
    if None in epochs:
        return "as each task says"
    return ", ".join(map(str, epochs if _vary(epochs) else epochs[:1]))


def _vary(values: Sequence[object]) -> bool:
    return any(value != values[0] for value in values)


def _rates_in_one(found: Mapping[str, tuple[Any, ...]]) -> Mapping[str, tuple[Any, ...]]:
    rates = {name: values for name, values in found.items() if _is_rate(name)}
    if len(rates) < 2 or len(set(rates.values())) > 1:  # noqa: PLR2004 - one is in one line already
        return found
    rest = {name: values for name, values in found.items() if name not in rates}
    (values,) = set(rates.values())
    return rest if rest.get("lr") == values else {**rest, _EVERY_RATE: values}


def _is_rate(name: str) -> bool:
    return name.startswith("lr") and name.removeprefix("lr").isdigit()
