"""The ways to learn a sequence, by name, with their options; what they do is in engine.learning."""

from collections.abc import Mapping

from msgspec import Struct

from engine.errors import UsageError, shown

OptionValue = float | int | str


class MethodOption(Struct, frozen=True, kw_only=True):
    """One number or word that a method takes."""

    name: str
    help: str
    default: OptionValue | None = None
    """None: there is none, and it must be given."""
    low: float = 0.0
    high: float = 1e9
    whole: bool = False
    """Counts only."""


class MethodEntry(Struct, frozen=True, kw_only=True):
    """What is known of a method without torch."""

    name: str
    title: str
    """As tables call it."""
    summary: str
    options: tuple[MethodOption, ...] = ()
    takes_profile: bool = True
    """Whether one rate per choice may stand in for ``lr``."""
    one_stage: bool = False
    """Whether all is learnt at once, so that no stage is a later one."""


_LR = MethodOption(
    name="lr", help="Peak learning rate of all layers; a profile stands in for it.", high=1.0
)

METHODS = (
    MethodEntry(
        name="flat",
        title="flat",
        summary="one learning rate for all layers (the paper's BERTbase)",
        options=(_LR,),
        takes_profile=False,
    ),
    MethodEntry(
        name="profile",
        title="BERTcL",
        summary="one learning rate per choice (the paper's BERTcL)",
    ),
    MethodEntry(
        name="llrd",
        title="LLRD",
        summary="layer-wise decay: every layer below the top learns slower than the one above it",
        options=(
            _LR,
            MethodOption(
                name="decay", help="Factor from a layer to the one below.", default=0.9, high=1.0
            ),
        ),
        takes_profile=False,
    ),
    MethodEntry(
        name="freeze-k",
        title="freeze",
        summary="embeddings and the lowest layers stay as they were pretrained",
        options=(
            _LR,
            MethodOption(
                name="layers", help="How many encoder layers are frozen.", default=3, whole=True
            ),
        ),
    ),
    MethodEntry(
        name="ewc-mlm",
        title="EWC (MLM)",
        summary="elastic weight consolidation around the pretrained weights, Fisher from masked "
        "language modelling on plain text (the paper's BERT+EWC)",
        options=(
            _LR,
            MethodOption(
                name="importance", help="Weight of the penalty (675 in the paper).", default=675.0
            ),
            MethodOption(
                name="text",
                help="Where the plain text is from: sample, wiki40b, or a text file.",
                default="sample",
            ),
            MethodOption(
                name="texts", help="How many texts make the Fisher.", default=512, low=1, whole=True
            ),
        ),
    ),
    MethodEntry(
        name="ewc-task",
        title="EWC (task)",
        summary="elastic weight consolidation around the weights after each stage, Fisher from "
        "that stage's task",
        options=(
            _LR,
            MethodOption(name="importance", help="Weight of the penalty.", default=1000.0),
            MethodOption(
                name="rows",
                help="How many training rows make the Fisher of a task.",
                default=256,
                low=1,
                whole=True,
            ),
            MethodOption(
                name="gamma",
                help="Online variant: earlier Fishers count so much at each later stage, around "
                "the newest weights alone; 0 keeps a penalty of its own for every task.",
                default=0.0,
                high=1.0,
            ),
        ),
    ),
    MethodEntry(
        name="l2-sp",
        title="L2-SP",
        summary="weights are pulled back to the pretrained ones (Li et al. 2018)",
        options=(
            _LR,
            MethodOption(name="strength", help="Weight of the penalty.", default=0.01),
        ),
    ),
    MethodEntry(
        name="replay",
        title="replay",
        summary="a small share of the earlier tasks' rows is learnt again in every later stage",
        options=(
            _LR,
            MethodOption(
                name="share",
                help="Share of each earlier task's training rows that is kept.",
                default=0.02,
                high=1.0,
            ),
        ),
    ),
    MethodEntry(
        name="lora",
        title="LoRA",
        summary="low-rank adapters learn, the pretrained weights stay (PEFT)",
        options=(
            _LR,
            MethodOption(name="rank", help="Rank of the adapters.", default=8, low=1, whole=True),
            MethodOption(name="alpha", help="Scale of the adapters.", default=16.0),
        ),
    ),
    MethodEntry(
        name="joint",
        title="joint",
        summary="all tasks at once: what a sequence could reach if nothing were forgotten",
        options=(_LR,),
        one_stage=True,
    ),
    MethodEntry(
        name="single",
        title="single",
        summary="each task alone, from the pretrained weights: no shift (the paper's Table 1)",
        options=(_LR,),
    ),
)


def method_entry(name: str) -> MethodEntry:
    """Return what is known of a method.

    Raises:
        UsageError: there is no such method.
    """
    for entry in METHODS:
        if entry.name == name:
            return entry
    known = ", ".join(entry.name for entry in METHODS)
    raise UsageError(f"no method named '{shown(name)}'; use one of {known}")


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
