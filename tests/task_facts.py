"""Facts of the sample's tasks as a look would keep them, made up: nobody reads them for a form."""

from contextlib import suppress

from engine.errors import UsageError
from engine.tasks.facts import Example, FactsQuestion, StoredFacts, TaskFacts

FACTS = (
    TaskFacts(
        task="rotten-tomatoes",
        labels=("rotten", "fresh"),
        classes=(3900, 5200),
        epochs=2,
        rows=9100,
        held=1000,
        scored=1000,
        validation=2600,
        example=Example(
            sentence1="A film that is as warm as it is long, and it is long.",
            sentence2=None,
            label="rotten",
        ),
        tokens=((10, 900), (27, 3000), (47, 1000), (120, 100)),
        counted=5000,
        longest=512,
    ),
    TaskFacts(
        task="privacy-qa",
        labels=("False", "True"),
        classes=(6900, 1000),
        epochs=2,
        rows=7900,
        held=880,
        scored=880,
        validation=2100,
        example=Example(
            sentence1="who can see my account?",
            sentence2="We share what you enter with nobody, unless a court asks us to.",
            label="True",
        ),
        tokens=((20, 500), (42, 3500), (84, 900), (300, 100)),
        counted=5000,
        longest=512,
    ),
)


def question_about(task: str) -> FactsQuestion:
    """Return what the form asks at first of a task of the sample."""
    return FactsQuestion(task=task, data="sample", model="sample", eval_rows=1000)


def keep_facts() -> None:
    """Keep what is made up, where the sample pack is installed."""
    with suppress(UsageError):
        for facts in FACTS:
            StoredFacts(question_about(facts.task)).write(facts)
