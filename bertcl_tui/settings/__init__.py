"""What a person has set once, for every store."""

from bertcl_tui.settings.file import read_settings, settings_file, write_settings
from bertcl_tui.settings.settings import Settings

__all__ = ["Settings", "read_settings", "settings_file", "write_settings"]
