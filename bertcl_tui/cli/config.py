"""``config``: what is set, and setting it."""

import os
import shlex
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Final

import typer
from msgspec.structs import replace

from bertcl_tui.cli.output import make_table, print_json, print_line, print_text, say
from bertcl_tui.cli.parameters import Json, offer_setting_values, offer_settings
from bertcl_tui.settings import (
    Settings,
    read_settings,
    settings_file,
    write_settings,
    write_text,
)
from bertcl_tui.style.wording import count
from engine.errors import UsageError, reason_of, shown
from engine.files import check_target, expanded

_EDITORS: Final = ("VISUAL", "EDITOR")
_USUAL_EDITOR: Final = "vi"
_NEW_FILE: Final = """\
# Settings of bertcl-tui; what is not here is as it comes.
# theme = "bertcl-light"
# notify = false      # say nothing when a study ends, stalls or loses its worker
# bell = true         # ring with every notification
# desktop = true      # show it on the desktop too, where the terminal can
# warm = false        # load the libraries when a worker starts, not before
# checkpoints = "/shared/checkpoints"   # or s3://bucket/name: where runs go on from on any host
# cache = "s3://bucket/name"            # what hosts need not compute twice; or a folder
#
# keys = "vim"        # a set of keys; or your own over it:
#
# [keys]              # bertcl-tui config keys lists the actions
# preset = "vim"
# quit = "Q"
# sort = "o,f5"
#
# [watch.night]       # what else is told, and where; F3 in the app makes rules, too
# on = ["new-best", "over", "budget=6h"]
# studies = ["sst2:*"]
# webhook = "https://hooks.slack.com/$HOOK"   # variables of the environment are filled in
# command = "notify-send bertcl"
"""

Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="theme, notify, bell, desktop, warm, checkpoints, cache, keys, keys.ACTION or "
        "watch.RULE.PART.",
        autocompletion=offer_settings,
    ),
]
Value = Annotated[
    str,
    typer.Argument(
        metavar="VALUE",
        help="What it shall be; keys with commas between them.",
        autocompletion=offer_setting_values,
    ),
]


KeysFile = Annotated[
    str, typer.Argument(metavar="FILE", help="A TOML file with the keys that are not usual.")
]


def show(context: typer.Context, *, json: Json = False) -> None:
    """Show where the settings are, and what is set."""
    if context.invoked_subcommand is not None:
        return
    from bertcl_tui.settings.named import all_named, check_settings

    path, settings = settings_file(), read_settings(settings_file())
    items = list(all_named(settings))
    if json:
        facts = {item.name: item.value for item in items}
        changed = [item.name for item in items if item.changed]
        print_json(
            {"file": str(path), "exists": path.exists(), "settings": facts, "changed": changed}
        )
        return
    print_line(f"{path}{'' if path.exists() else '  (not there yet: all is as it comes)'}")
    table = make_table(["", "", ""])
    table.show_header = False
    for item in items:
        table.add_row(item.name, item.value, _comes(item.default) if item.changed else "default")
    print_text(table)
    try:
        check_settings(settings)
    except UsageError as error:
        say(f"{error}; mend it with bertcl-tui config edit")


def _comes(default: str) -> str:
    return f"default: {default}" if default else ""


def path() -> None:
    """Print where the settings are, or would be."""
    print_line(str(settings_file()))


def get(name: Name, *, json: Json = False) -> None:
    """Print one setting."""
    from bertcl_tui.settings.named import named

    item = named(read_settings(settings_file()), name)
    if json:
        print_json({"name": item.name, "value": item.value, "default": item.default})
    else:
        print_line(item.value)


def change(name: Name, value: Value) -> None:
    """Set something, once it is known that it can be so."""
    from bertcl_tui.settings.named import named, with_named

    file = settings_file()
    settings = with_named(read_settings(file), name, value)
    write_settings(settings, file)
    item = named(settings, name)
    say(f"{item.name}: {item.value}")


def unset(name: Name) -> None:
    """Let something be as it comes."""
    from bertcl_tui.settings.named import named, without_named

    file = settings_file()
    before = read_settings(file)
    settings = without_named(before, name)
    write_settings(settings, file)
    if len(settings.watch) < len(before.watch):
        say(f"{name}: taken away")
        return
    item = named(settings, name)
    say(f"{item.name}: {item.value}")


def keys(context: typer.Context, *, json: Json = False) -> None:
    """List every action with its keys, and where they are pressed."""
    if context.invoked_subcommand is not None:
        return
    from bertcl_tui.actions import ACTIONS
    from bertcl_tui.actions.action import PLACES, checked_keymap, keys_of, usual_keys
    from bertcl_tui.actions.presets import given, preset_of, resolved

    settings = read_settings(settings_file())
    own = checked_keymap(resolved(settings.keys), ACTIONS)
    yours = given(settings.keys)
    if json:
        print_json(
            [
                {
                    "action": item.name,
                    "keys": keys_of(item, own),
                    "default": usual_keys(item),
                    "places": item.places,
                    "help": item.help,
                }
                for item in ACTIONS
            ]
        )
        return
    table = make_table(["action", "keys", "where", "what it does"])
    for item in ACTIONS:
        mark = "*" if item.name in yours else ""
        where = ", ".join(PLACES[place] for place in item.places)
        table.add_row(item.name, ",".join(keys_of(item, own)) + mark, where, item.help)
    print_text(table)
    say(f"set of keys: {preset_of(settings.keys)}{'; * given by you' if yours else ''}")


def export_keys(file: KeysFile) -> None:
    """Write your keys into a file, for others to import."""
    from bertcl_tui.settings.named import check_settings

    settings = read_settings(settings_file())
    check_settings(settings)
    target = expanded(file)
    check_target(target)
    write_settings(Settings(keys=settings.keys), target)
    say(f"keys written to {shown(target)}; bertcl-tui config keys import {target.name} has them")


def import_keys(file: KeysFile) -> None:
    """Take over the keys of a file that was exported, or of other settings.

    Yours are replaced as a whole, or not at all where one key would do two things in a screen.
    """
    from bertcl_tui.actions.presets import given, preset_of
    from bertcl_tui.settings.named import check_settings

    own, source = settings_file(), expanded(file)
    if not source.exists():
        raise UsageError(f"no file {shown(source)}; config keys export FILE writes one")
    keys = read_settings(source).keys
    settings = replace(read_settings(own), keys=keys)
    try:
        check_settings(settings)
    except UsageError as error:
        raise UsageError(f"{shown(source)}: {error}; your keys are as they were") from None
    write_settings(settings, own)
    more = count(len(given(keys)), "action")
    say(f"set of keys: {preset_of(keys)}; {more} with other keys")


def edit() -> None:
    """Open the settings in $VISUAL or $EDITOR; what is wrong never gets into the file."""
    from bertcl_tui.settings.named import check_settings

    file = settings_file()
    with TemporaryDirectory() as folder:
        copy = Path(folder) / "config.toml"
        before = _content(file)
        copy.write_bytes(before)
        _open_editor(copy)
        text = copy.read_bytes()
        if text == before:
            say("nothing changed")
            return
        try:
            check_settings(read_settings(copy))
        except UsageError as error:
            rejected = file.with_name(f"{file.name}.rejected")
            write_text(text, rejected)
            problem = str(error).removeprefix(f"settings {copy}: ")
            raise UsageError(
                f"{problem}; the settings are as they were, yours are in {shown(rejected)}"
            ) from None
    write_text(text, file)
    say(f"settings {shown(file)} changed")


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return _NEW_FILE.encode()
    except OSError as error:
        raise UsageError(f"settings {shown(file)} cannot be read: {reason_of(error)}") from None


def _open_editor(file: Path) -> None:
    editor = next((text for name in _EDITORS if (text := os.environ.get(name))), _USUAL_EDITOR)
    try:
        code = subprocess.run([*shlex.split(editor), str(file)], check=False).returncode  # noqa: S603 - the person's own
    except (OSError, ValueError) as error:
        reason = reason_of(error) if isinstance(error, OSError) else error
        raise UsageError(
            f"editor {shown(editor)} cannot be opened: {reason}; set $EDITOR"
        ) from None
    if code:
        raise UsageError(f"editor {shown(editor)} ended with {code}; nothing was changed")
