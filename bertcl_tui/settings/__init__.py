"""Settings: what a person has set once, for every store, and the TOML file that keeps it."""

import os
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from bertcl_tui.news.rules import Rule
from bertcl_tui.store.trial_rows import Order
from engine.errors import UsageError, reason_of, shown

DEFAULT_THEME: Final = "bertcl-dark"
_FILE_VARIABLE: Final = "BERTCL_CONFIG"
"""The variable that names another file."""
_SECRET: Final = b"webhook"
_PRIVATE: Final = 0o600


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a person likes; the defaults are what is so without a file."""

    theme: str = DEFAULT_THEME
    notify: bool = True
    """Tell when a study ends, stalls or loses its worker."""
    bell: bool = False
    """Ring the terminal's bell with it."""
    desktop: bool = False
    """Show it on the desktop too, where the terminal can."""
    warm: bool = True
    """Keep a process that has loaded the libraries, so that what is started begins at once."""
    checkpoints: str = ""
    """Folder or URL where runs keep what they go on from; empty: beside the store."""
    cache: str = ""
    """Folder for what can be computed again, or URL of a place behind the user's own cache folder;
    empty: that folder alone."""
    keys: str | dict[str, str] = {}
    """Name of a set of keys, or keys (Textual's names, comma between alternatives) by the name of
    an action, with the name of a set as ``preset``."""
    columns: dict[str, tuple[str, ...]] = {}
    """Columns that are shown, from left to right, by the name of a table."""
    orders: dict[str, Order] = {}
    """By what a table was last sorted, by its name."""
    filters: dict[str, dict[str, str]] = {}
    """Filters by the name that a person gave them, by the name of a table."""
    watch: dict[str, Rule] = {}
    """What else shall be told, and where, by the name of the rule."""

    @property
    def usual(self) -> Rule:
        """What an open app tells of without any rule."""
        return Rule(bell=self.bell, desktop=self.desktop, active=self.notify)


def settings_file() -> Path:
    """Return where the settings are, or would be."""
    from engine.files import expanded, own_folder

    named = os.environ.get(_FILE_VARIABLE)
    if named:
        return expanded(named)
    return own_folder("config") / "config.toml"


def read_settings(path: Path) -> Settings:
    """Read them; where there is no file, all is as it comes.

    Raises:
        UsageError: the file cannot be read, or says what cannot be set.
    """
    try:
        return msgspec.toml.decode(path.read_bytes(), type=Settings)
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        raise UsageError(f"settings {shown(path)} cannot be read: {reason_of(error)}") from None
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        raise UsageError(f"settings {shown(path)}: {error}; mend the file, or delete it") from None


def apply_places(settings: Settings, checkpoints: str = "") -> None:
    """Have checkpoints and caches lie where a command names it, else environment, else settings."""
    from engine.files import expanded
    from engine.places.named import CACHES, CHECKPOINTS, is_url

    if text := checkpoints or CHECKPOINTS.text or settings.checkpoints:
        CHECKPOINTS.name(text)
    if (text := settings.cache) and not CACHES.text:
        CACHES.name(text if is_url(text) else str(expanded(text).absolute()))


def write_settings(settings: Settings, path: Path) -> None:
    """Write what differs from the defaults; the file is replaced whole or not at all.

    Raises:
        UsageError: the file cannot be written.
    """
    write_text(msgspec.toml.encode(settings), path)


def write_text(text: bytes, path: Path) -> None:
    """Write the settings' file as it shall be, whole or not at all.

    With a webhook in it, whose URL is a key, nobody else may read it.

    Raises:
        UsageError: the file cannot be written.
    """
    from engine.files import is_homeless, replacing

    if is_homeless(path):
        raise UsageError(f"settings have no place: no home is known; set HOME or {_FILE_VARIABLE}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if _SECRET in text and (path.is_file() or not path.exists()):
            path.touch(_PRIVATE)
            path.chmod(_PRIVATE)
        with replacing(path) as beside:
            beside.write_bytes(text)
    except OSError as error:
        raise UsageError(f"settings {shown(path)} cannot be written: {reason_of(error)}") from None
