"""What can be done everywhere, in forms and in the settings."""

from bertcl_tui.actions.action import Action

FORMS = (
    Action(
        "start",
        "ctrl+s",
        "start",
        "Start what the form asks for; it runs on when the app is closed.",
        ("new-study", "new-table"),
    ),
    Action(
        "copy_command",
        "ctrl+y",
        "copy command",
        "Copy the command line that asks for the same.",
        ("new-study", "new-table"),
    ),
)

EVERYWHERE = (
    Action(
        "back",
        "escape",
        "back",
        "Leave the screen.",
        (
            "study",
            "compare",
            "trial",
            "combine",
            "arena",
            "shifts",
            "work",
            "new-study",
            "new-table",
            "settings",
            "columns",
            "dialog",
        ),
        shown="wide",
        elsewhere=(
            ("study", "Leave what is open: range, filter, then the screen."),
            ("arena", "Leave the legend or the runs of a cell, then the screen."),
            ("new-study", "Leave the form; nothing is started."),
            ("new-table", "Leave the form; nothing is started."),
            ("dialog", "Close it; nothing is done."),
        ),
    ),
    Action(
        "open_settings",
        "f2,ctrl+o",
        "settings",
        "Choose theme, notifications and keys.",
        ("app",),
        shown="palette",
    ),
    Action(
        "show_help", "question_mark,f1", "help", "Explain keys, words, states and curves.", ("app",)
    ),
    Action(
        "command_palette",
        "ctrl+p",
        "palette",
        "Find any action by name.",
        ("app",),
        shown="help",
    ),
    Action(
        "save_screenshot",
        "ctrl+s,f12",
        "screenshot",
        "Save the screen as an SVG picture in the current folder.",
        ("app",),
        shown="palette",
    ),
    Action("quit", "q", "quit", "Leave; asks what to do with running work.", ("app",)),
)


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
