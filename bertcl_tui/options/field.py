"""A field: something a person types or picks, on a form or in a command."""

from collections.abc import Callable, Mapping

from msgspec import Struct

from engine.errors import UsageError


class Field(Struct, frozen=True, kw_only=True):
    """What it is called, what it does, and how its text is read."""

    name: str
    label: str
    help: str
    """One sentence."""
    read: Callable[[str], object]
    """Raises UsageError for text that means nothing."""
    default: str = ""
    choices: Mapping[str, str] = {}
    """Each value with what it does; empty: any text that can be read."""
    long: bool = False
    """Whether its text is often long, and gets the room there is."""
    metavar: str = ""
    """What stands for the value in the help of a command; empty: the name."""

    @property
    def flag(self) -> str:
        """How a command line calls it."""
        return f"--{self.name.replace('_', '-')}"

    def trouble(self, text: str) -> str | None:
        """Say in one line what is wrong with this text; empty text is the default."""
        if not text.strip():
            return None
        try:
            self.read(text.strip())
        except UsageError as error:
            return str(error)
        return None
