"""Which shifts a person wants to see. May block: folders of tasks and models are looked up."""

from collections.abc import Mapping, Sequence
from typing import Final

from bertcl_tui.options import Field, option, readers
from bertcl_tui.options.readers import first_texts
from bertcl_tui.options.study import SAMPLE, default_text
from engine.errors import UsageError
from engine.spec import PRESETS, StudySpec, parse_sequence, preset, sequence_name
from engine.tasks.catalog import data_name, describe
from engine.tasks.shift_findings import Question

_LENGTH: Final = readers.whole("max length", least=8, example=128)
_AS_PRESET: Final = "as the preset says"


def read_question(texts: Mapping[str, str]) -> Question:
    """Return the question that these texts ask; what is missing or empty is the default.

    Args:
        texts: ``task``, ``data``, ``model``, ``preset``, ``max_length``.

    Raises:
        UsageError: a text cannot be read, or there is no such task.
    """
    task = _text(texts, "task")
    if not task:
        raise UsageError("no task yet; name one, like sst2")
    data, length = data_name(_text(texts, "data")), _text(texts, "max_length")
    protocol = preset(_text(texts, "preset")).protocol
    return Question(
        task=describe(task, data).whole,
        data=data,
        model=readers.model(_text(texts, "model")),
        max_length=protocol.max_length if length in {"", _AS_PRESET} else _LENGTH(length),
        length_split=protocol.length_split,
    )


def question_of(study: StudySpec) -> Question:
    """Return the question about the first task of a study, as the study reads it.

    Raises:
        UsageError: the task is not in its data any more.
    """
    return Question(
        task=describe(study.sequence[0], study.data).whole,
        data=study.data,
        model=study.model,
        max_length=study.protocol.max_length,
        length_split=study.protocol.length_split,
    )


def first_question() -> Question | None:
    """Return a question that works at once, where there is such a thing."""
    texts = first_texts()
    if not texts:
        return None
    return read_question({**texts, "task": parse_sequence(texts["sequence"])[0]})


def search_texts(question: Question, parts: Sequence[str]) -> dict[str, str]:
    """Return what a new study's form shall say: a search on these parts of the task, in turn."""
    texts = first_texts() if question.data == SAMPLE else {}
    named = _preset_of(question)
    texts |= {
        "sequence": sequence_name([f"{question.task}/{part}" for part in parts]),
        "data": question.data,
        "model": question.model,
        "preset": named,
    }
    if question.max_length != preset(named).protocol.max_length:
        texts["max_length"] = str(question.max_length)
    return texts


def question_fields(asked: Question | None) -> list[Field]:
    """Return the fields of a form that asks for another question; it starts with this one."""
    return [
        Field(
            name="task",
            label="Task",
            help="It is shifted against itself.",
            read=str,
            default=asked.task if asked else "",
        ),
        Field(
            name="data",
            label="Data",
            help=option("data").help,
            read=data_name,
            default=asked.data if asked else option("data").default,
        ),
        Field(
            name="model",
            label="Model",
            help="Whose tokens are counted, and who embeds.",
            read=readers.model,
            default=asked.model if asked else option("model").default,
        ),
        Field(
            name="preset",
            label="Preset",
            help="How lengths are cut: original-code cuts at random.",
            read=option("preset").read,
            default=_preset_of(asked) if asked else option("preset").default,
            choices=option("preset").choices,
        ),
        Field(
            name="max_length",
            label="Max length",
            help="Tokens that are embedded of a row.",
            read=str,
            default=str(asked.max_length) if asked else _AS_PRESET,
        ),
    ]


def _preset_of(question: Question) -> str:
    """Return the first preset that cuts lengths as this question does."""
    return next(
        name
        for name, each in PRESETS.items()
        if each.protocol.length_split == question.length_split
    )


def _text(texts: Mapping[str, str], name: str) -> str:
    text = texts.get(name, "").strip()
    return text if text or name in {"task", "max_length"} else default_text(texts, name)
