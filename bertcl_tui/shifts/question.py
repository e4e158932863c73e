"""Which shifts a person wants to see. May block: folders of tasks and models are looked up."""

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from bertcl_tui.options import Field, option, readers
from bertcl_tui.options.readers import first_texts
from bertcl_tui.options.study import default_text
from engine.errors import UsageError
from engine.spec import PRESETS, StudySpec, parse_sequence, preset, sequence_name
from engine.tasks.catalog import data_name, describe
from engine.tasks.models import SAMPLE
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
    texts |= _texts_of(question)
    texts["sequence"] = sequence_name([f"{question.task}/{part}" for part in parts])
    if question.max_length != preset(texts["preset"]).protocol.max_length:
        texts["max_length"] = str(question.max_length)
    return texts


def question_fields(asked: Question | None) -> list[Field]:
    """Return the fields of a form that asks for another question; it starts with this one."""
    fields = [
        Field("task", "Task", "It is shifted against itself.", str),
        option("data"),
        replace(option("model"), help="Whose tokens are counted, and who embeds."),
        replace(option("preset"), help="How lengths are cut: original-code cuts at random."),
        Field("max_length", "Max length", "Tokens that are embedded of a row.", str, _AS_PRESET),
    ]
    if asked is None:
        return fields
    texts = {**_texts_of(asked), "task": asked.task, "max_length": str(asked.max_length)}
    return [replace(field, default=texts[field.name]) for field in fields]


def _texts_of(question: Question) -> dict[str, str]:
    """Return what both forms say: whose rows, who reads them, and a preset that cuts them so."""
    cuts_so = (
        name
        for name, each in PRESETS.items()
        if each.protocol.length_split == question.length_split
    )
    return {"data": question.data, "model": question.model, "preset": next(cuts_so)}


def _text(texts: Mapping[str, str], name: str) -> str:
    text = texts.get(name, "").strip()
    return text if text or name in {"task", "max_length"} else default_text(texts, name)
