"""Settings by their names, as text: how a command line reads and writes them."""

from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from bertcl_tui.actions import ACTIONS
from bertcl_tui.actions.action import checked_keymap
from bertcl_tui.settings import Settings
from bertcl_tui.style.themes import theme_names
from engine.errors import UsageError, did_you_mean, mask_password, nearest, shown, unknown_name
from engine.places.named import CACHES, CHECKPOINTS, is_url, place_at

SWITCHES: Final[Mapping[str, bool]] = {"on": True, "off": False}
"""How people write what is so or not; what TOML writes is read too."""
_READ: Final = {**SWITCHES, "true": True, "false": False, "yes": True, "no": False}
_KEYS, _COLUMNS = "keys.", "columns."
_TEXTS: Final = ("theme", "checkpoints", "cache")
_PLAIN: Final = tuple(
    name for name in Settings.__struct_fields__ if name not in {"keys", "columns"}
)


class Named(Struct, frozen=True):
    """A setting."""

    name: str
    value: str
    default: str

    @property
    def changed(self) -> bool:
        """Whether it is not as it comes."""
        return self.value != self.default


def setting_names() -> tuple[str, ...]:
    """Return the names of all that can be set."""
    return (*_PLAIN, *(f"{_KEYS}{action.name}" for action in ACTIONS))


def all_named(settings: Settings) -> Iterator[Named]:
    """Yield what is always set, then what a person has added."""
    for name in (*_PLAIN, *(f"{_KEYS}{name}" for name in settings.keys)):
        yield named(settings, name)
    for name, columns in settings.columns.items():
        yield Named(f"{_COLUMNS}{name}", ",".join(columns), "")


def named(settings: Settings, name: str) -> Named:
    """Return the setting of that name.

    Raises:
        UsageError: nothing is called so.
    """
    known = _known(name)
    if known.startswith(_KEYS):
        action = next(item for item in ACTIONS if item.name == known.removeprefix(_KEYS))
        return Named(known, settings.keys.get(action.name, action.keys), action.keys)
    return Named(known, _text(settings, known), _text(Settings(), known))


def with_named(settings: Settings, name: str, text: str) -> Settings:
    """Return the settings with that one as ``text`` says.

    Raises:
        UsageError: nothing is called so, or it cannot be so.
    """
    known = _known(name)
    if known.startswith(_KEYS):
        keys = {**settings.keys, known.removeprefix(_KEYS): text}
        changed = replace(settings, keys=keys)
    elif known in _TEXTS:
        changed = replace(settings, **{known: text})
    elif text.lower() in _READ:
        changed = replace(settings, **{known: _READ[text.lower()]})
    else:
        raise UsageError(f"{known} is on or off, not '{shown(text)}'")
    check_settings(changed)
    return changed


def without_named(settings: Settings, name: str) -> Settings:
    """Return the settings with that one as it comes.

    Raises:
        UsageError: nothing is called so, or other keys that were given are in its way.
    """
    known = _known(name)
    keys = {item: text for item, text in settings.keys.items() if f"{_KEYS}{item}" != known}
    usual = {known: getattr(Settings(), known)} if known in _PLAIN else {}
    changed = replace(settings, keys=keys, **usual)
    checked_keymap(changed.keys, ACTIONS)
    return changed


def check_settings(settings: Settings) -> None:
    """Look whether an app can be as these say.

    Raises:
        UsageError: there is no such theme, place, action or key, or a key would do two things.
    """
    themes = theme_names()
    if settings.theme not in themes:
        raise unknown_name("theme", settings.theme, themes)
    if settings.checkpoints:
        place_at(settings.checkpoints, CHECKPOINTS.what)
    if is_url(settings.cache):
        place_at(settings.cache, CACHES.what)
    checked_keymap(settings.keys, ACTIONS)


def _text(settings: Settings, name: str) -> str:
    value = getattr(settings, name)
    if isinstance(value, bool):
        return next(text for text, is_so in SWITCHES.items() if is_so == value)
    return mask_password(str(value))


def _known(name: str) -> str:
    names = setting_names()
    for known in (name, f"{_KEYS}{name}"):
        if known in names:
            return known
    if name.startswith(_COLUMNS):
        raise UsageError(f"{name} is chosen in its table, not here")
    hint = did_you_mean(nearest(name, names))
    raise UsageError(f"no setting '{shown(name)}'; {hint} {', '.join(_PLAIN)} and {_KEYS}ACTION")
