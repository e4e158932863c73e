"""One table of everything a key can do; it feeds bindings, footer, help and command palette."""

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct
from textual.binding import Binding

Place = Literal[
    "app",
    "table",
    "trials",
    "grid",
    "studies",
    "study",
    "trial",
    "combine",
    "arena",
    "shifts",
    "new-study",
    "new-table",
    "dialog",
]


class Action(Struct, frozen=True):
    """What a key does in some places. ``action_<handler>`` of the place's class does it."""

    handler: str
    keys: str
    """Textual's key names, comma between alternatives; the first is the one shown."""
    text: str
    """A word or two, for footer and palette."""
    help: str
    """One sentence, for the help screen."""
    places: tuple[Place, ...]
    shown: Literal["footer", "wide", "palette", "help"] = "footer"
    """Where it is shown first, all later ones show it too; wide: the footer, if there is room."""
    priority: bool = False

    @property
    def key(self) -> str:
        """The key that is shown."""
        return self.keys.split(",")[0]


ACTIONS = (
    # moving in a table
    Action("cursor_up", "k,up", "up", "Go up a line.", ("table", "grid"), shown="help"),
    Action("cursor_down", "j,down", "down", "Go down a line.", ("table", "grid"), shown="help"),
    Action("page_up", "ctrl+b,pageup", "page up", "Go up a page.", ("table",), shown="help"),
    Action(
        "page_down", "ctrl+f,pagedown", "page down", "Go down a page.", ("table",), shown="help"
    ),
    Action("first", "g,home", "first", "Go to the first line.", ("table", "grid"), shown="help"),
    Action("last", "G,end", "last", "Go to the last line.", ("table", "grid"), shown="help"),
    Action("cursor_left", "h,left", "left", "Go a column to the left.", ("grid",), shown="help"),
    Action(
        "cursor_right", "l,right", "right", "Go a column to the right.", ("grid",), shown="help"
    ),
    Action(
        "enter_cell",
        "enter",
        "runs",
        "Go to the runs of the cell under the cursor; escape comes back.",
        ("grid",),
    ),
    # trials
    Action(
        "mark",
        "space",
        "mark",
        "Mark the trial under the cursor, or all of a range; again takes the mark away.",
        ("trials",),
    ),
    Action(
        "mark_all",
        "a",
        "all",
        "Mark every trial that is shown, or none if all are.",
        ("trials",),
        shown="wide",
    ),
    Action(
        "mark_range",
        "v",
        "range",
        "Begin a range here; move, then space marks it.",
        ("trials",),
        shown="wide",
    ),
    Action(
        "extend_down",
        "J,shift+down",
        "range down",
        "Stretch the range down.",
        ("trials",),
        shown="help",
    ),
    Action(
        "extend_up", "K,shift+up", "range up", "Stretch the range up.", ("trials",), shown="help"
    ),
    Action(
        "invert_marks",
        "i",
        "invert",
        "Mark what is not marked of the shown, and the other way round.",
        ("trials",),
        shown="wide",
    ),
    Action(
        "clear_marks",
        "u",
        "unmark",
        "Take every mark of this study away.",
        ("trials",),
        shown="palette",
    ),
    # studies and trials
    Action("open", "enter,l,right", "open", "Open what is under the cursor.", ("table",)),
    Action("new_study", "n", "new", "Set up a new search.", ("studies",)),
    Action(
        "pause_or_resume",
        "space",
        "pause/resume",
        "Pause a running study in mid-trial, or let a paused one go on.",
        ("studies",),
    ),
    Action(
        "pause_study",
        "p",
        "pause",
        "Pause the study in mid-trial; it lets go of the device.",
        ("study",),
    ),
    Action("resume_study", "r", "resume", "Let the study go on where it was.", ("study",)),
    Action(
        "stop_study",
        "s",
        "stop",
        "Stop the study for good; everything measured is kept.",
        ("studies", "study"),
    ),
    Action(
        "combine",
        "c",
        "combine",
        "Combine the marked trials into one profile.",
        ("studies", "study"),
    ),
    Action(
        "confirm_trials",
        "C",
        "confirm",
        "Run the marked trials, or the best ones, again with fresh seeds.",
        ("study",),
        shown="wide",
    ),
    Action("filter", "slash", "filter", "Show only what fits.", ("studies", "study")),
    Action(
        "sort",
        "o",
        "sort",
        "Sort by the next column: p, p_o, p_s, confirmed p, number, state.",
        ("study",),
        shown="wide",
    ),
    Action("reverse", "O", "reverse", "Turn the order round.", ("study",), shown="palette"),
    Action("next_panel", "tab", "chart", "Show the next chart.", ("study",)),
    Action(
        "show_panel(1)",
        "1",
        "forgetting",
        "Show the forgetting curves, large where there is room.",
        ("study",),
        shown="palette",
    ),
    Action(
        "show_panel(2)",
        "2",
        "rates",
        "Show the learning rate of each choice.",
        ("study",),
        shown="palette",
    ),
    Action("show_panel(3)", "3", "plane", "Show p_o against p_s.", ("study",), shown="palette"),
    Action(
        "show_panel(4)",
        "4",
        "what matters",
        "Show which choice goes with p.",
        ("study",),
        shown="palette",
    ),
    Action(
        "delete_study",
        "D",
        "delete",
        "Delete the study and everything measured in it.",
        ("studies",),
        shown="wide",
    ),
    # combination
    Action("turn_down", "left", "b−", "Turn b down: the trials weigh more alike.", ("combine",)),
    Action("turn_up", "right", "b+", "Turn b up: the best trials weigh more.", ("combine",)),
    Action(
        "turn_down_finely",
        "comma,shift+left",
        "b− finely",
        "Turn b down by a hundredth.",
        ("combine",),
        shown="palette",
    ),
    Action(
        "turn_up_finely",
        "full_stop,shift+right",
        "b+ finely",
        "Turn b up by a hundredth.",
        ("combine",),
        shown="palette",
    ),
    Action(
        "reset_base",
        "0",
        "b = 1.8",
        "Turn b back to 1.8, as in the paper.",
        ("combine",),
        shown="palette",
    ),
    Action(
        "take",
        "space",
        "in/out",
        "Take the study or trial under the cursor into the combination, or out of it.",
        ("combine",),
    ),
    Action(
        "unfold",
        "enter",
        "trials",
        "Show the trials of the study under the cursor, or hide them.",
        ("combine",),
    ),
    Action("export", "e", "export", "Write the profile to a JSON file.", ("combine",)),
    Action(
        "evaluate",
        "v",
        "evaluate",
        "Run the profile on a sequence that no trial has seen.",
        ("combine",),
    ),
    Action(
        "transfer",
        "t",
        "transfer",
        "Carry the profile over to a backbone of another depth.",
        ("combine",),
    ),
    Action("compare", "c", "compare", "Choose the profile that the marks show.", ("combine",)),
    # arena
    Action(
        "open_arena",
        "A",
        "arena",
        "Compare methods over sequences and seeds, as in the paper's tables.",
        ("studies", "study", "combine"),
        shown="wide",
    ),
    Action(
        "new_table",
        "n",
        "new",
        "Choose sequences and methods, and have run what is missing.",
        ("arena",),
    ),
    Action(
        "next_measure",
        "m",
        "measure",
        "Show the next measure: p_o and p_s, p, ACC, BWT, forgetting.",
        ("arena",),
    ),
    Action(
        "next_layout",
        "t",
        "layout",
        "Show all that was run, or one of the paper's tables.",
        ("arena",),
    ),
    Action(
        "next_setting",
        "d",
        "data",
        "Show what was run on other data, another backbone or by another protocol.",
        ("arena",),
        shown="wide",
    ),
    Action(
        "pause_or_resume_runs",
        "space",
        "pause/resume",
        "Pause the runs of this table, or let paused ones go on.",
        ("arena",),
        shown="wide",
    ),
    Action(
        "retry_runs",
        "r",
        "retry",
        "Run once more what failed, collapsed or was stopped.",
        ("arena",),
        shown="wide",
    ),
    Action(
        "turn_panel",
        "tab",
        "legend",
        "Show how the table is to be read, or the runs of the cell again.",
        ("arena",),
    ),
    Action(
        "export_table",
        "e",
        "export",
        "Write the table to a file: Markdown, CSV, LaTeX or text.",
        ("arena",),
    ),
    # shifts
    Action(
        "open_shifts",
        "S",
        "shifts",
        "Show how a task is shifted against itself: by length and by cluster.",
        ("studies",),
        shown="wide",
    ),
    Action("choose_task", "t", "task", "Choose task, data and model.", ("shifts",)),
    Action("turn_plane", "p", "PCA/t-SNE", "Show the rows in the other plane.", ("shifts",)),
    Action(
        "write_picture",
        "e",
        "picture",
        "Write what is shown to a file: SVG or PNG.",
        ("shifts",),
    ),
    Action(
        "search_shift",
        "n,enter",
        "new study",
        "Set up a search on the shift under the cursor.",
        ("shifts",),
    ),
    # forms
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
    # everywhere
    Action(
        "back",
        "escape",
        "back",
        "Leave what is open: range, filter, then the screen.",
        ("study", "trial", "combine", "arena", "shifts", "new-study", "new-table", "dialog"),
        shown="wide",
    ),
    Action("show_help", "question_mark,f1", "help", "Show every key.", ("app",)),
    Action(
        "command_palette",
        "ctrl+p",
        "palette",
        "Find any action by name.",
        ("app",),
        shown="help",
        priority=True,
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


def actions_of(*places: Place) -> Iterator[Action]:
    """Yield the actions of these places, in the table's order."""
    return (action for action in ACTIONS if set(places) & set(action.places))


def bindings_of(place: Place) -> list[Binding]:
    """Return a place's bindings, for the ``BINDINGS`` of its class."""
    return [
        Binding(
            action.keys,
            action.handler,
            action.text,
            show=action.shown in {"footer", "wide"},
            tooltip=action.help,
            priority=action.priority,
        )
        for action in actions_of(place)
    ]
