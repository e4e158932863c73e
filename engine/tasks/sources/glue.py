"""The six tasks of GLUE that the paper learns (section 4)."""

from collections.abc import Callable
from importlib import import_module

from engine.tasks.rows import Columns, RawTask
from engine.tasks.task import Origin, TaskEntry


class HubOrigin(Origin, frozen=True, kw_only=True):
    """A data set on the hub."""

    repository: str
    config: str | None = None
    columns: Columns
    train: str = "train"
    validation: str | None = None
    """None: the split named validation where there is one, else a part of the training split."""

    def read(self, entry: TaskEntry) -> RawTask:
        """Read the splits from the hub, or from what was fetched of it before."""
        # the terminal knows this module and must not load what reads data sets
        read_hub: Callable[[HubOrigin], RawTask] = import_module(
            "engine.tasks.sources.hub"
        ).read_hub
        return read_hub(self)


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
