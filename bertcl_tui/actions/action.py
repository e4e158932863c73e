"""What a key does, and in which places."""

from typing import Literal

from msgspec import Struct

Place = Literal[
    "app",
    "table",
    "list",
    "trials",
    "grid",
    "studies",
    "study",
    "curves",
    "plane",
    "compare",
    "comparison",
    "trial",
    "combine",
    "arena",
    "shifts",
    "work",
    "workers",
    "log",
    "text",
    "new-study",
    "new-table",
    "settings",
    "columns",
    "dialog",
]


class Action(Struct, frozen=True):
    """What a key does in some places. ``action_<handler>`` of the place's class does it."""

    handler: str
    keys: str
    """Textual's key names, comma between alternatives; the first is the one shown."""
    text: str
    """A word or two, for footer and palette."""
    help: str
    """One sentence, for the help screen."""
    places: tuple[Place, ...]
    shown: Literal["footer", "wide", "palette", "help"] = "footer"
    """Where it is shown first, all later ones show it too; wide: the footer, if there is room."""

    elsewhere: tuple[tuple[Place, str], ...] = ()
    """Another sentence, where it does another thing."""

    def help_in(self, place: Place) -> str:
        """Return the sentence for a place."""
        return dict(self.elsewhere).get(place, self.help)

    @property
    def name(self) -> str:
        """What a person calls it who gives it other keys: the handler, as one word."""
        return self.handler.replace("(", "_").rstrip(")")
