"""Settings by their names, as text: how a command line reads and writes them."""

from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from bertcl_tui.actions import ACTIONS
from bertcl_tui.actions.action import checked_keymap
from bertcl_tui.actions.presets import PRESETS, USUAL, given, preset_of, resolved, written
from bertcl_tui.news.rules import Rule, check_rule, masked
from bertcl_tui.settings import Settings
from bertcl_tui.style.themes import theme_names
from engine.errors import UsageError, did_you_mean, mask_password, nearest, shown, unknown_name
from engine.places.named import CACHES, CHECKPOINTS, is_url, place_at

SWITCHES: Final[Mapping[str, bool]] = {"on": True, "off": False}
"""How people write what is so or not; what TOML writes is read too."""
_READ: Final = {**SWITCHES, "true": True, "false": False, "yes": True, "no": False}
_PRESET, _KEYS, _COLUMNS, _WATCH = "keys", "keys.", "columns.", "watch."
_ORDERS, _FILTERS = "orders.", "filters."
_TEXTS: Final = ("theme", "checkpoints", "cache")
_MANY: Final = frozenset({"keys", "columns", "orders", "filters", "watch"})
"""Settings that have parts."""
_PLAIN: Final = tuple(name for name in Settings.__struct_fields__ if name not in _MANY)
_PARTS: Final = Rule.__struct_fields__
"""Of a rule."""


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
    return (*_PLAIN, _PRESET, *(f"{_KEYS}{action.name}" for action in ACTIONS))


def all_named(settings: Settings) -> Iterator[Named]:
    """Yield what is always set, then what a person has added."""
    for name in (*_PLAIN, _PRESET, *(f"{_KEYS}{name}" for name in given(settings.keys))):
        yield named(settings, name)
    for name, columns in settings.columns.items():
        yield Named(f"{_COLUMNS}{name}", ",".join(columns), "")
    for name, order in settings.orders.items():
        way = "descending" if order.descending else "ascending"
        yield Named(f"{_ORDERS}{name}", f"{order.field} {way}", "")
    for name, rule in settings.watch.items():
        for part in _PARTS:
            said = _part_named(rule, name, part)
            if said.changed or part == "on":
                yield said
    for table, filters in settings.filters.items():
        for name, text in filters.items():
            yield Named(f"{_FILTERS}{table}.{name}", text, "")


def named(settings: Settings, name: str) -> Named:
    """Return the setting of that name.

    Raises:
        UsageError: nothing is called so.
    """
    if name.startswith(_WATCH):
        rule, part = _rule_and_part(name)
        return _part_named(_present(settings, rule), rule, part)
    known = _known(name)
    if known == _PRESET:
        return Named(known, preset_of(settings.keys), USUAL)
    if known.startswith(_KEYS):
        action = next(item for item in ACTIONS if item.name == known.removeprefix(_KEYS))
        usual = PRESETS[preset_of(settings.keys)].get(action.name, action.keys)
        return Named(known, given(settings.keys).get(action.name, usual), usual)
    return Named(known, _text(settings, known), _text(Settings(), known))


def with_named(settings: Settings, name: str, text: str) -> Settings:
    """Return the settings with that one as ``text`` says.

    Raises:
        UsageError: nothing is called so, or it cannot be so.
    """
    if name.startswith(_WATCH):
        return _with_part(settings, name, text)
    known = _known(name)
    own = given(settings.keys)
    if known == _PRESET:
        changed = replace(settings, keys=written(preset_of(text.lower()), own))
    elif known.startswith(_KEYS):
        own[known.removeprefix(_KEYS)] = text
        changed = replace(settings, keys=written(preset_of(settings.keys), own))
    elif known in _TEXTS:
        changed = replace(settings, **{known: text})
    else:
        changed = replace(settings, **{known: _switch(known, text)})
    check_settings(changed)
    return changed


def _switch(name: str, text: str) -> bool:
    if text.lower() not in _READ:
        raise UsageError(f"{name} is on or off, not '{shown(text)}'")
    return _READ[text.lower()]


def without_named(settings: Settings, name: str) -> Settings:
    """Return the settings with that one as it comes; without a rule, where one is named.

    Raises:
        UsageError: nothing is called so, or other keys that were given are in its way.
    """
    if name.startswith(_WATCH):
        return _without_part(settings, name)
    known = _known(name)
    own = given(settings.keys)
    keys = {item: text for item, text in own.items() if f"{_KEYS}{item}" != known}
    preset = USUAL if known == _PRESET else preset_of(settings.keys)
    usual = {known: getattr(Settings(), known)} if known in _PLAIN else {}
    changed = replace(settings, keys=written(preset, keys), **usual)
    checked_keymap(resolved(changed.keys), ACTIONS)
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
    checked_keymap(resolved(settings.keys), ACTIONS)
    for name, rule in settings.watch.items():
        check_rule(name, rule)


def _rule_and_part(name: str) -> tuple[str, str]:
    rule, _, part = name.removeprefix(_WATCH).rpartition(".")
    if part not in _PARTS or not rule:
        known = f"{rule or part or 'NAME'}."
        raise UsageError(
            f"no setting '{shown(name)}'; name a part of a rule: "
            f"{', '.join(f'{_WATCH}{known}{each}' for each in _PARTS)}"
        )
    return rule, part


def _present(settings: Settings, name: str) -> Rule:
    if name not in settings.watch:
        raise unknown_name("rule", name, settings.watch)
    return settings.watch[name]


def _part_named(rule: Rule, name: str, part: str) -> Named:
    return Named(f"{_WATCH}{name}.{part}", _part_text(rule, part), _part_text(Rule(), part))


def _part_text(rule: Rule, part: str) -> str:
    value = getattr(rule, part)
    if part == "webhook":
        return masked(value) if value else ""
    return ",".join(value) if isinstance(value, tuple) else _written(value)


def _with_part(settings: Settings, name: str, text: str) -> Settings:
    rule, part = _rule_and_part(name)
    before = settings.watch.get(rule, Rule())
    usual = getattr(before, part)
    value: object = text
    if isinstance(usual, tuple):
        value = tuple(filter(None, map(str.strip, text.split(","))))
    elif isinstance(usual, bool):
        value = _switch(name, text)
    changed = replace(settings, watch={**settings.watch, rule: replace(before, **{part: value})})
    check_settings(changed)
    return changed


def _without_part(settings: Settings, name: str) -> Settings:
    """Return the settings without a rule, or with that part of it as it comes."""
    rules = dict(settings.watch)
    if rules.pop(name.removeprefix(_WATCH), None) is None:
        rule, part = _rule_and_part(name)
        before = _present(settings, rule)
        rules[rule] = replace(before, **{part: getattr(Rule(), part)})
    changed = replace(settings, watch=rules)
    check_settings(changed)
    return changed


def _text(settings: Settings, name: str) -> str:
    return mask_password(_written(getattr(settings, name)))


def _written(value: object) -> str:
    if isinstance(value, bool):
        return next(text for text, is_so in SWITCHES.items() if is_so == value)
    return str(value)


def _known(name: str) -> str:
    names = setting_names()
    for known in (name, f"{_KEYS}{name}"):
        if known in names:
            return known
    if name.startswith(_COLUMNS):
        raise UsageError(f"{name} is chosen in its table, not here")
    if name.startswith(_ORDERS):
        raise UsageError(f"{shown(name)} is chosen by sorting its table, not here")
    if name.startswith(_FILTERS):
        raise UsageError(f"{shown(name)} is saved above its table, not here")
    hint = did_you_mean(nearest(name, names))
    raise UsageError(
        f"no setting '{shown(name)}'; {hint} {', '.join(_PLAIN)}, {_PRESET}, {_KEYS}ACTION and "
        f"{_WATCH}RULE.PART"
    )
