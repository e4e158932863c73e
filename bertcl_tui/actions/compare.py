"""What can be done with trials side by side."""

from bertcl_tui.actions.action import Action

COMPARING = (
    Action(
        "next_trial",
        "right,l",
        "next trial",
        "Make the curve of the next trial bright.",
        ("comparison",),
    ),
    Action(
        "previous_trial",
        "left,h",
        "trial before",
        "Make the curve of the trial before bright.",
        ("comparison",),
        shown="palette",
    ),
    Action(
        "open_chosen",
        "enter",
        "open",
        "Open the trial whose curve is bright.",
        ("comparison",),
    ),
    Action(
        "show_alike",
        "a",
        "all",
        "Show what is alike in all of them too, or only what differs.",
        ("compare",),
    ),
    Action(
        "turn_focus",
        "tab",
        "curves",
        "Go to the curves, to read and zoom them, or back to the table.",
        ("compare",),
    ),
    Action(
        "copy_table",
        "y",
        "copy",
        "Copy what is shown as tab-separated text.",
        ("compare",),
    ),
)
