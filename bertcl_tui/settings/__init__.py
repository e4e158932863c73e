"""Settings: what a person has set once, for every store, and the screen that changes it."""

from bertcl_tui.settings.settings import (
    Settings,
    read_settings,
    settings_file,
    write_settings,
    write_text,
)

__all__ = ["Settings", "read_settings", "settings_file", "write_settings", "write_text"]
