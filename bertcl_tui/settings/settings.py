"""What can be set."""

from typing import Final

from msgspec import Struct

DEFAULT_THEME: Final = "bertcl-dark"


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a person likes; the defaults are what is so without a file."""

    theme: str = DEFAULT_THEME
    notify: bool = True
    """Tell when a study ends, stalls or loses its worker."""
    bell: bool = False
    """Ring the terminal's bell with it."""
    desktop: bool = False
    """Show it on the desktop too, where the terminal can."""
    keys: dict[str, str] = {}
    """Textual's key names, comma between alternatives, by the name of an action."""
    columns: dict[str, tuple[str, ...]] = {}
    """Columns that are shown, from left to right, by the name of a table."""
