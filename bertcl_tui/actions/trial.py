"""What can be done with one run, and with several side by side."""

from bertcl_tui.actions.action import Action

RUNS = (
    Action(
        "previous_run",
        "left_square_bracket",
        "previous",
        "Show the run before this one in the list it was opened from.",
        ("trial",),
    ),
    Action(
        "next_run",
        "right_square_bracket",
        "next",
        "Show the run after this one in the list it was opened from.",
        ("trial",),
    ),
    Action("next_part", "tab", "panel", "Show the next panel.", ("trial",)),
    Action(
        "pause_run", "p", "pause", "Pause this run alone; it lets go of the device.", ("trial",)
    ),
    Action(
        "resume_run",
        "r",
        "resume",
        "Let the run go on where it was, and start a worker if none is left.",
        ("trial",),
    ),
    Action("stop_run", "s", "stop", "Stop this run alone; what it measured is kept.", ("trial",)),
    Action(
        "retry",
        "R",
        "retry",
        "Run once more what failed, collapsed, was stopped or pruned: same number, rates and seed.",
        ("study", "trial"),
        shown="wide",
    ),
    Action(
        "show_part(1)",
        "1",
        "curves",
        "Show accuracy on every task over all stages.",
        ("trial",),
        shown="palette",
    ),
    Action(
        "show_part(2)",
        "2",
        "layers",
        "Show the learning rate and the drift of each layer.",
        ("trial",),
        shown="palette",
    ),
    Action(
        "show_part(3)",
        "3",
        "matrix",
        "Show the accuracy on each task after each stage.",
        ("trial",),
        shown="palette",
    ),
    Action(
        "show_part(4)", "4", "log", "Show what was said of this run.", ("trial",), shown="palette"
    ),
    Action(
        "show_part(5)",
        "5",
        "parameters",
        "Show why it ended, in full, and all that decided it.",
        ("trial",),
        shown="palette",
    ),
)

TEXTS = (
    Action("scroll_up", "k,up", "up", "Go up a line.", ("text",), shown="help"),
    Action("scroll_down", "j,down", "down", "Go down a line.", ("text",), shown="help"),
    Action("scroll_home", "g,home", "first", "Go to the first line.", ("text",), shown="help"),
    Action("scroll_end", "G,end", "last", "Go to the last line.", ("text",), shown="help"),
)


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
