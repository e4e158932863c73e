"""Finding a method by its name, and reading its options; what it does is in engine.learning."""

from collections.abc import Mapping

from engine.errors import UsageError, look_up, shown
from engine.spec.method_entry import MethodEntry, MethodOption, OptionValue
from engine.spec.method_table import METHODS

__all__ = [
    "METHODS",
    "MethodEntry",
    "MethodOption",
    "OptionValue",
    "method_entry",
    "own_name",
    "read_options",
    "refuse_first_lr",
]


def method_entry(name: str) -> MethodEntry:
    """Return what is known of a method.

    Raises:
        UsageError: there is no such method.
    """
    return look_up("method", own_name(name), {entry.name: entry for entry in METHODS})


def own_name(name: str) -> str:
    """Return a method's own name, which is what is stored; any other as it is."""
    return next((entry.name for entry in METHODS if name == entry.other_name != ""), name)


def read_options(
    name: str, given: Mapping[str, OptionValue], *, has_profile: bool
) -> dict[str, OptionValue]:
    """Return a method's options, defaults filled in; ``lr`` is missing where a profile is carried.

    Raises:
        UsageError: there is no such method, an option is unknown, missing or out of its range.
    """
    entry = method_entry(name)
    if has_profile and not entry.takes_profile:
        raise UsageError(f"method {name} takes no profile; use --method profile")
    names = {option.name for option in entry.options}
    if not has_profile and "lr" not in names:
        raise UsageError(f"method {name} needs a profile; use --profile FILE")
    if has_profile and "lr" in given:
        raise UsageError(f"method {name} takes lr or a profile, not both; leave one away")
    for unknown in given.keys() - names:
        known = ", ".join(option.name for option in entry.options) or "none"
        raise UsageError(f"method {name} has no option '{shown(unknown)}'; it takes: {known}")
    found: dict[str, OptionValue] = {}
    for option in entry.options:
        value = given.get(option.name, option.default)
        if value is None:
            if has_profile and option.name == "lr":
                continue
            raise UsageError(_missing(entry, option))
        found[option.name] = _checked(entry, option, value)
    return found


def refuse_first_lr(entry: MethodEntry, first_lr: float | None) -> None:
    """Refuse a rate of stage 1 alone where no later stage follows.

    Raises:
        UsageError: the method learns all at once.
    """
    if first_lr is not None and entry.one_stage:
        raise UsageError(
            f"method {entry.name} learns in one stage, and these rates are for later ones; "
            "give rates for all stages"
        )


def _missing(entry: MethodEntry, option: MethodOption) -> str:
    if option.name != "lr":
        return f"method {entry.name} needs {option.name}: use --option {option.name}=VALUE"
    instead = ", or a profile" if entry.takes_profile else ""
    return f"method {entry.name} needs a learning rate: use --lr 2e-5{instead}"


def _checked(entry: MethodEntry, option: MethodOption, value: OptionValue) -> OptionValue:
    if option.name == "lr":
        return _rate(entry, value)
    where = f"{option.name} of method {entry.name}"
    if option.words and value not in option.words:
        known = " or ".join(option.words)
        raise UsageError(f"{where} is {known}, not '{shown(str(value))}'")
    if isinstance(option.default, str):
        return str(value)
    if isinstance(value, str):
        raise UsageError(f"{where} is a number, not '{shown(value)}'")
    if not option.low <= value <= option.high:
        raise UsageError(f"{where} must be from {option.low:g} to {option.high:g}, not {value:g}")
    if not option.whole:
        return float(value)
    if value != int(value):
        raise UsageError(f"{where} is a whole number, not {value:g}")
    return int(value)


def _rate(entry: MethodEntry, value: OptionValue) -> float:
    if isinstance(value, str) or not 0 < value <= 1:
        raise UsageError(
            f"method {entry.name} needs a learning rate above 0 and at most 1, not {value}; "
            "use --lr 2e-5"
        )
    return float(value)
