"""What can be done with one run, and with several side by side."""

from functools import partial

from bertcl_tui.actions.action import Action

_run = partial(Action, places=("trial",))
_part = partial(_run, shown="palette")
RUNS = (
    _run(
        "previous_run",
        "left_square_bracket",
        "previous",
        "Show the run before this one in the list it was opened from.",
    ),
    _run(
        "next_run",
        "right_square_bracket",
        "next",
        "Show the run after this one in the list it was opened from.",
    ),
    _run("next_part", "tab", "panel", "Show the next panel."),
    _run("pause_run", "p", "pause", "Pause this run alone; it lets go of the device."),
    _run(
        "resume_run",
        "r",
        "resume",
        "Let the run go on where it was, and start a worker if none is left.",
    ),
    _run("stop_run", "s", "stop", "Stop this run alone; what it measured is kept."),
    Action(
        "retry",
        "R",
        "retry",
        "Run once more what failed, collapsed, was stopped or pruned: same number, rates and seed.",
        ("study", "trial"),
        shown="wide",
    ),
    _part("show_part(1)", "1", "curves", "Show accuracy on every task over all stages."),
    _part("show_part(2)", "2", "layers", "Show the learning rate and the drift of each layer."),
    _part("show_part(3)", "3", "matrix", "Show the accuracy on each task after each stage."),
    _part("show_part(4)", "4", "log", "Show what was said of this run."),
    _part(
        "show_part(5)", "5", "parameters", "Show why it ended, in full, and all that decided it."
    ),
)

_text = partial(Action, places=("text",), shown="help")
TEXTS = (
    _text("scroll_up", "k,up", "up", "Go up a line."),
    _text("scroll_down", "j,down", "down", "Go down a line."),
    _text("scroll_home", "g,home", "first", "Go to the first line."),
    _text("scroll_end", "G,end", "last", "Go to the last line."),
)

_chosen = partial(Action, places=("comparison",))
_compare = partial(Action, places=("compare",))
COMPARING = (
    _chosen("next_trial", "right,l", "next trial", "Make the curve of the next trial bright."),
    _chosen(
        "previous_trial",
        "left,h",
        "trial before",
        "Make the curve of the trial before bright.",
        shown="palette",
    ),
    _chosen("open_chosen", "enter", "open", "Open the trial whose curve is bright."),
    _compare(
        "show_alike", "a", "all", "Show what is alike in all of them too, or only what differs."
    ),
    _compare(
        "turn_focus",
        "tab",
        "curves",
        "Go to the curves, to read and zoom them, or back to the table.",
    ),
    _compare("copy_table", "y", "copy", "Copy what is shown as tab-separated text."),
)
