"""The person's settings: whether an app can be as they say."""

from pathlib import Path

from bertcl_tui.doctor.finding import Finding
from bertcl_tui.settings import read_settings
from bertcl_tui.style.wording import count
from engine.errors import UsageError


def find_settings(file: Path) -> Finding:
    """Read the settings' file, if there is one."""
    from bertcl_tui.settings.named import all_named, check_settings

    if not file.exists():
        return Finding("settings", "good", f"all as it comes; {file} would have others")
    try:
        settings = read_settings(file)
        check_settings(settings)
    except UsageError as error:
        text = str(error).removeprefix(f"settings {file}: ")
        return Finding("settings", "note", f"{file}: {text}; mend it with bertcl-tui config edit")
    changed = sum(item.changed for item in all_named(settings))
    return Finding("settings", "good", f"{file}: {count(changed, 'setting')} changed")
