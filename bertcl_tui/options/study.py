"""From typed options to the study they ask for, to the same command, and what to be warned of."""

import shlex
from collections.abc import Iterable, Mapping
from typing import Any, Final

from msgspec.structs import replace

from bertcl_tui.options import readers
from bertcl_tui.options.readers import Field
from bertcl_tui.options.table import OPTIONS, Part, option
from engine.errors import UsageError
from engine.profiles.profile import short_rate
from engine.spec import Protocol, SearchSettings, StudySpec, preset, sequence_name
from engine.spec.protocol import WHERE_NONE
from engine.spec.run import refuse_shared_beginning
from engine.tasks.models import usual_model

_UNSET = {
    **WHERE_NONE,
    "budget": "as the trials take",
    "in_order": "no: as trials end",
    "name": "the sequence",
}
_KNOWN: Final = 8
"""About so many known profiles are tried first, to their end, before sampler and pruner count."""
_TINY: Final = 1e-2
"""Numbers below it are written as rates are."""
_SLOW: Final = 100
"""Trials after which a Gaussian process takes long to propose the next one."""
_PROGRAM = "bertcl-tui"
_FIRST_LR: Final = short_rate(SearchSettings().first_lr)


def build_study_spec(options: Mapping[str, str]) -> StudySpec:
    """Apply the preset, then everything that was typed; what is missing or empty is the default.

    Args:
        options: text by option name, as in ``OPTIONS``.

    Raises:
        UsageError: an option cannot be read, or there is no sequence.
    """
    chosen = preset(_text(options, "preset"))
    protocol = build_protocol(options)
    typed = _text(options, "first_lr")
    if "searched_stages" in options and not _are_later(options) and typed not in {"", _FIRST_LR}:
        raise UsageError(
            "a first rate is for searches of the later stages; "
            "choose --searched-stages later, or leave it away"
        )
    sequence = readers.sequence(_text(options, "sequence"))
    spec = StudySpec(
        **{"name": sequence_name(sequence)} | _typed(options, "study", chosen.name),
        protocol=protocol,
        search=replace(chosen.search, **_typed(options, "search", chosen.name)),
    )
    refuse_shared_beginning(spec)
    return spec


def build_protocol(options: Mapping[str, str]) -> Protocol:
    """Apply the preset, then what was typed of the protocol.

    Raises:
        UsageError: an option cannot be read.
    """
    chosen = preset(_text(options, "preset"))
    return replace(chosen.protocol, **_typed(options, "protocol", chosen.name))


def preset_defaults(name: str) -> dict[str, str]:
    """Return the text that stands for every option's default under that preset.

    Raises:
        UsageError: there is no such preset.
    """
    chosen = preset(name)
    values = {"protocol": chosen.protocol, "search": chosen.search}
    return {
        item.name: item.default
        or _shown(getattr(values.get(item.part), item.target, None))
        or _UNSET.get(item.name, "")
        for item in OPTIONS
    }


def defaults_of(options: Mapping[str, str]) -> dict[str, str]:
    """Return the text that stands for every option's default, beside what was typed of others."""
    of_preset = preset_defaults(_text(options, "preset"))
    return {name: default_text(options, name) or text for name, text in of_preset.items()}


def texts_of(data: str, model: str, protocol: Protocol) -> dict[str, str]:
    """Return the texts that ask for the same, without what is the default anyway."""
    texts = {"data": data, "model": model, "preset": protocol.preset}
    return texts | _changed("protocol", protocol, preset(protocol.preset).protocol)


def texts_of_study(spec: StudySpec) -> dict[str, str]:
    """Return the texts that ask for the same search, without what is the default anyway."""
    title = spec.title()
    return {
        **texts_of(spec.data, spec.model, spec.protocol),
        **_changed("search", spec.search, preset(spec.protocol.preset).search),
        "sequence": title,
        "name": "" if spec.name == title else spec.name,
        "method": spec.method,
        "seed": str(spec.seed),
        "device": spec.device,
    }


def _changed(part: Part, values: object, usual: object) -> dict[str, str]:
    """Return the texts of the options of a part that are not as the preset has them."""
    return {
        item.name: _shown(getattr(values, item.target)) or _UNSET.get(item.name, "")
        for item in OPTIONS
        if item.part == part and getattr(values, item.target) != getattr(usual, item.target)
    }


def _typed(options: Mapping[str, str], part: Part, preset_name: str) -> dict[str, Any]:
    """Read the options of one part that differ from the preset, and those that have no default."""
    defaults = preset_defaults(preset_name)
    return {
        item.target: item.read(text)
        for item in OPTIONS
        if item.part == part
        and (text := _text(options, item.name))
        and (text != defaults[item.name] or item.default)
    }


def default_text(options: Mapping[str, str], name: str) -> str:
    """Return the text that stands for an option that is not typed, empty where the preset says it.

    The sample data come with a model of their own.
    """
    if name == "model":
        return usual_model(options.get("data", "").strip())
    return option(name).default


def _text(options: Mapping[str, str], name: str) -> str:
    return options.get(name, "").strip() or default_text(options, name)


def _shown(value: object) -> str:
    if isinstance(value, float) and value < _TINY:
        return short_rate(value)
    return "" if value is None else str(value)


def _are_later(options: Mapping[str, str]) -> bool:
    return _text(options, "searched_stages") == "later"


def cautions(options: Mapping[str, str]) -> dict[str, str]:
    """Return a line for each option that does little or nothing beside what else was typed.

    Args:
        options: text by option name, as typed.
    """
    try:
        usual = defaults_of(options)
    except UsageError:  # no such preset: said where it is typed
        return {}
    said = {name: text.strip() or usual[name] for name, text in options.items()}
    trials = int(said["trials"]) if said["trials"].isdecimal() else None
    found: dict[str, str] = {}
    if trials is not None and trials <= _KNOWN:
        found["sampler"] = f"Hardly asked: about {_KNOWN} known profiles come first."
        if said["pruner"] == "percentile":
            found["pruner"] = f"Prunes nothing: the first {_KNOWN} trials come to their end."
    elif trials is not None and trials > _SLOW and said["sampler"] == "gp":
        found["sampler"] = f"Slow after {_SLOW} trials; tpe is not."
    return found


def search_command(options: Mapping[str, str], *, store: str | None = None) -> str:
    """Write the command line of a search, without what is the default anyway.

    Args:
        options: text by option name, as typed.
        store: named only where it is not the default one.
    """
    sequence = options.get("sequence", "").strip()
    words = ["search", shlex.quote(sequence) if sequence else "SEQUENCE"]
    rest = (item for item in OPTIONS if item.name != "sequence")
    return command(words, rest, options, defaults_of(options), store=store)


def command(
    words: Iterable[str],
    fields: Iterable[Field],
    texts: Mapping[str, str],
    defaults: Mapping[str, str],
    *,
    store: str | None = None,
) -> str:
    """Write a command line with a flag for every field in which something else than its default is.

    Args:
        words: what comes first.
        fields: what there are flags for.
        texts: by name, as typed.
        defaults: by name.
        store: named only where it is not the default one.
    """
    written = [_PROGRAM, *words]
    for field in fields:
        text = texts.get(field.name, "").strip()
        if text not in {"", defaults[field.name]}:
            written += [field.flag, shlex.quote(text)]
    if store is not None:
        written += ["--store", shlex.quote(store)]
    return " ".join(written)
