"""What can be done on the screen of settings."""

from bertcl_tui.actions.action import Action

SETTING = (
    Action(
        "change_key",
        "enter",
        "new key",
        "Press another key for the action under the cursor.",
        ("settings",),
    ),
    Action(
        "add_key",
        "a",
        "add key",
        "Press one more key for the action under the cursor.",
        ("settings",),
    ),
    Action(
        "reset_key",
        "r",
        "reset",
        "Give the action under the cursor the keys it came with.",
        ("settings",),
    ),
    Action(
        "reset_keys",
        "R",
        "reset all",
        "Give every action the keys it came with.",
        ("settings",),
        shown="wide",
    ),
)
