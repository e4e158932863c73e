"""The command line: the same verbs as the keys of the app."""

from bertcl_tui.cli.main import main, run

__all__ = ["main", "run"]
