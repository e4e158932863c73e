"""What is known of a method and its options without torch."""

from msgspec import Struct

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
    words: tuple[str, ...] = ()
    """Of an option that is a word: those it can be; none: any."""
    known_before: OptionValue | None = None
    """What every run had before the option came; None: it came with its method."""


class MethodEntry(Struct, frozen=True, kw_only=True):
    """What is known of a method without torch."""

    name: str
    other_name: str = ""
    """What it may be called too, when one names it."""
    title: str
    """As tables call it."""
    summary: str
    options: tuple[MethodOption, ...] = ()
    takes_profile: bool = True
    """Whether one rate per choice may stand in for ``lr``."""
    one_stage: bool = False
    """Whether all is learnt at once, so that no stage is a later one."""
    is_bound: bool = False
    """Whether nothing can be forgotten, so that it says what others could reach at most."""
    equation: str = ""
    """What it computes, in one line; its options by their names."""
    cost: str = ""
    """What time and memory it takes beside those of ``flat``."""
    takes: str = "1×"
    """How long a run takes beside one of ``flat``, in a word; ``+``: and something once."""


LR = MethodOption(
    name="lr", help="Peak learning rate of all layers; a profile stands in for it.", high=1.0
)
