"""What can be done everywhere, in forms and in the settings."""

from functools import partial

from bertcl_tui.actions.action import Action

_form = partial(Action, places=("new-study", "new-table"))
FORMS = (
    _form(
        "start",
        "ctrl+s",
        "start",
        "Start what the form asks for; it runs on when the app is closed.",
    ),
    _form(
        "pick",
        "ctrl+t",
        "pick",
        "Go to the list of tasks or methods, where space takes one; again comes back.",
    ),
    _form(
        "copy_command", "ctrl+y", "copy command", "Copy the command line that asks for the same."
    ),
)

_app = partial(Action, places=("app",))
_app_palette = partial(_app, shown="palette")
EVERYWHERE = (
    Action(
        "back",
        "escape",
        "back",
        "Leave the screen.",
        (
            "studies",
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
            "watch",
            "columns",
            "dialog",
        ),
        shown="wide",
        elsewhere=(
            ("studies", "Leave what is open: range, then filter."),
            ("study", "Leave what is open: range, filter, then the screen."),
            ("work", "End the search in the log, then leave the screen."),
            ("arena", "Leave the legend, the runs or the curves of a cell, then the screen."),
            ("new-study", "Leave the list, then the form; nothing is started."),
            ("new-table", "Leave the list, then the form; nothing is started."),
            ("dialog", "Close it; nothing is done."),
        ),
    ),
    _app_palette("open_settings", "f2,ctrl+o", "settings", "Choose theme, notifications and keys."),
    _app_palette(
        "open_watch",
        "f3",
        "watch",
        "Choose what you are told of while you look elsewhere, and how.",
    ),
    _app("show_help", "question_mark,f1", "help", "Explain keys, words, states and curves."),
    _app(
        "command_palette",
        "ctrl+p,colon",
        "palette",
        "Find any action by name, or go anywhere: study nli, trial 17, combine.",
        shown="help",
    ),
    _app_palette(
        "save_screenshot",
        "f12",
        "screenshot",
        "Save the screen as an SVG picture in the folder pictures.",
    ),
    _app("quit", "q", "quit", "Leave; asks what to do with running work."),
)

_setting = partial(Action, places=("settings",))
SETTING = (
    _setting(
        "change_key", "enter", "new key", "Press another key for the action under the cursor."
    ),
    _setting("add_key", "a", "add key", "Press one more key for the action under the cursor."),
    _setting("reset_key", "r", "reset", "Give the action under the cursor the keys it came with."),
    _setting(
        "reset_keys", "R", "reset all", "Give every action the keys it came with.", shown="wide"
    ),
)

_watch = partial(Action, places=("watch",))
WATCHING = (
    _watch("new_rule", "n", "new", "Make a rule: what is told, of which studies, and where."),
    _watch("switch_rule", "space", "on/off", "Let the rule under the cursor hold, or not."),
    _watch("try_rule", "t", "test", "Send a made-up event to every channel of the rule."),
    _watch("delete_rule", "D", "delete", "Take the rule under the cursor away."),
)
