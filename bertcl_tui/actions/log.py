"""What can be done with the log."""

from bertcl_tui.actions.action import Action

LOG = (
    Action(
        "search",
        "slash",
        "search",
        "Search in all that was ever said; escape ends the search.",
        ("log",),
    ),
    Action("next_hit", "n", "next hit", "Go to the next line that was searched for.", ("log",)),
    Action(
        "previous_hit",
        "N",
        "last hit",
        "Go back to the line before that was searched for.",
        ("log",),
    ),
    Action(
        "next_level",
        "v",
        "level",
        "Show all lines, or those from info, warnings or errors on.",
        ("log",),
    ),
    Action("copy_line", "y", "copy", "Copy the line under the cursor.", ("log",), shown="wide"),
)
