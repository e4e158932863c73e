"""Data sets on the hub, and the six of GLUE that the paper learns (section 4)."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from engine.errors import UsageError, shown
from engine.tasks.hub_access import holds_data_set, read_data_set
from engine.tasks.rows import Columns, RawTask, Rows, require_columns, rows_from
from engine.tasks.task import Origin, TaskEntry

_Splits = Mapping[str, Any]


class HubOrigin(Origin, frozen=True, kw_only=True):
    """A data set on the hub."""

    repository: str
    config: str | None = None
    columns: Columns
    train: str = "train"
    validation: str | None = None
    """None: the split named validation where there is one, else a part of the training split."""

    def read(self, entry: TaskEntry) -> RawTask:
        """Download the data set, or take it from the local cache."""
        return read_hub(self)

    def is_here(self) -> bool:
        """Whether anything of the data set is in the local cache."""
        return holds_data_set(self.repository)


def read_hub(origin: HubOrigin) -> RawTask:
    """Download a data set, or take it from the local cache.

    Raises:
        UsageError: it cannot be had, or lacks a split or column.
    """

    def load() -> _Splits:
        # The terminal knows this module, and must not load what reads data sets.
        datasets = import_module("datasets")
        datasets.logging.set_verbosity_error()  # it warns of what it takes from its cache
        splits: _Splits = datasets.load_dataset(origin.repository, origin.config)
        return splits

    splits = read_data_set(origin.repository, load)
    validation = origin.validation or ("validation" if "validation" in splits else None)
    return RawTask(
        train=_rows(splits, origin.train, origin),
        validation=_rows(splits, validation, origin) if validation else None,
    )


def _rows(splits: _Splits, name: str, origin: HubOrigin) -> Rows:
    if name not in splits:
        raise UsageError(
            f"data set '{shown(origin.repository)}' has no split '{shown(name)}'; "
            f"it has {shown(', '.join(splits))}"
        )
    split, columns = splits[name], origin.columns
    where = f"data set '{shown(origin.repository)}', split {name}"
    require_columns(columns, split.column_names, where)
    table = {column: list(split[column]) for column in columns.names()}
    # Only a column of classes knows names.
    names = getattr(split.features[columns.label], "names", ())
    return rows_from(table, columns, where, names=tuple(names))


def _glue(config: str, sentence1: str, sentence2: str | None, validation: str) -> HubOrigin:
    return HubOrigin(
        repository="nyu-mll/glue",
        config=config,
        columns=Columns(sentence1=sentence1, sentence2=sentence2),
        validation=validation,
    )


GLUE = (
    TaskEntry(
        name="sst2",
        title="SST-2",
        description="Phrases from film reviews: is the opinion negative or positive?",
        origin=_glue("sst2", "sentence", None, "validation"),
        epochs=5,
        labels=("negative", "positive"),
    ),
    TaskEntry(
        name="mrpc",
        title="MRPC",
        description="Two sentences from the news: do they say the same?",
        origin=_glue("mrpc", "sentence1", "sentence2", "validation"),
        epochs=5,
        labels=("not_equivalent", "equivalent"),
    ),
    TaskEntry(
        name="rte",
        title="RTE",
        description="Two texts: does the second follow from the first?",
        origin=_glue("rte", "sentence1", "sentence2", "validation"),
        epochs=5,
        labels=("entailment", "not_entailment"),
    ),
    TaskEntry(
        name="qnli",
        title="QNLI",
        description="A question and a sentence from Wikipedia: is the answer in it?",
        origin=_glue("qnli", "question", "sentence", "validation"),
        epochs=3,
        labels=("entailment", "not_entailment"),
    ),
    TaskEntry(
        name="qqp",
        title="QQP",
        description="Two questions asked on Quora: do they ask the same?",
        origin=_glue("qqp", "question1", "question2", "validation"),
        epochs=3,
        labels=("not_duplicate", "duplicate"),
        validation_rows=10_000,
    ),
    TaskEntry(
        name="mnli",
        title="MNLI",
        description="A premise and a hypothesis: does it follow, is it open, or contradicted?",
        origin=_glue("mnli", "premise", "hypothesis", "validation_matched"),
        epochs=3,
        labels=("entailment", "neutral", "contradiction"),
    ),
)
