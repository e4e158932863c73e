"""Command lines with which what a report shows can be had again, to be pasted into a shell."""

import shlex
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from bertcl_tui.options import OPTIONS
from bertcl_tui.options.study import command, defaults_of, search_command, texts_of, texts_of_study
from bertcl_tui.trial.look import grouping_of
from engine.profiles.profile import FORMAT, VERSION
from engine.spec import RunSpec, StudySpec, sequence_name
from engine.spec.methods import method_entry
from engine.tasks.models import backbone_of, model_title

_END: Final = "END"
_NOT_ASKED: Final = frozenset(
    {"sequence", "name", "method", "searched_stages", "first_lr", "budget"}
)
"""Options of a search that a run has in its own way, or not at all."""
_FIELDS: Final = tuple(item for item in OPTIONS if item.name not in _NOT_ASKED)


def command_of_search(spec: StudySpec) -> str:
    """Return the command that begins the same search."""
    return search_command(texts_of_study(spec))


def commands_of_run(spec: RunSpec, name: str) -> str:
    """Return what runs the same again: a profile is written into a file first.

    Args:
        spec: what was run.
        name: what its profile's file is called, without an ending.
    """
    return "\n".join(_lines(spec, name))


def _lines(spec: RunSpec, name: str) -> Iterator[str]:
    words = ["run", shlex.quote(sequence_name(spec.sequence)), *_method(spec)]
    if spec.learning_rates is not None:
        profile = _profile(spec, name)
        if profile is None:
            yield f"# nothing here says which layers of {model_title(spec.model)} share a rate;"
            yield "# write its profile with bertcl-tui combine where it was searched"
        else:
            yield f"cat > {name}.json <<'{_END}'"
            yield profile
            yield _END
        words += ["--profile", f"{name}.json"]
    texts = {**texts_of(spec.data, spec.model, spec.protocol), "seed": str(spec.seed)}
    texts["device"] = spec.device
    defaults = {**defaults_of(texts), "seed": ""}
    yield command(words, _FIELDS, texts, defaults)
    if spec.first_seed not in {None, spec.seed}:
        yield f"# its stage 1 had a seed of its own: {spec.first_seed}"


def _method(spec: RunSpec) -> Iterator[str]:
    """Yield the words for the method and its options; what is meant without them is left away."""
    usual = "flat" if spec.learning_rates is None else "profile"
    if spec.method != usual:
        yield from ("--method", spec.method)
    known = {option.name for option in method_entry(spec.method).options}
    for option, value in spec.options.items():
        if option == "lr" and "lr" in known:
            yield from ("--lr", repr(value))
        else:
            yield from ("--option", shlex.quote(f"{option}={value}"))
    if spec.first_lr is not None and spec.learning_rates is None:
        yield from ("--first-lr", repr(spec.first_lr))


def _profile(spec: RunSpec, name: str) -> str | None:
    """Return the rates as a profile on one line, None where the backbone's depth is not known."""
    assert spec.learning_rates is not None
    choices = len(spec.learning_rates)
    grouping = grouping_of(spec.model, spec.protocol.grouping, choices)
    if grouping is None:
        return None
    backbone = msgspec.structs.replace(
        backbone_of(spec.model, choices), name=model_title(spec.model)
    )
    content: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "name": name,
        "backbone": backbone,
        "grouping": grouping,
        "learning_rates": spec.learning_rates,
    }
    if spec.first_lr is not None:
        content |= {"stages": "later", "first_lr": spec.first_lr}
    return msgspec.json.encode(content).decode()
