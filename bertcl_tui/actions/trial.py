"""What can be done with one run, with several side by side, and with a combination of them."""

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
    _run("stop_run", "s", "stop", "Stop this run alone; what it measured is kept."),
    Action(
        "retry",
        "R",
        "retry",
        "Run once more what failed, collapsed, was stopped or pruned: same number, rates and seed.",
        ("study", "trial"),
        shown="wide",
    ),
    _part("show_part(1)", "1", "curves", "Show the scores on every task over all stages."),
    _part("show_part(2)", "2", "layers", "Show the learning rate and the drift of each layer."),
    _part("show_part(3)", "3", "steps", "Show loss, rate and how far each step moved the layers."),
    _part("show_part(4)", "4", "matrix", "Show the score on each task after each stage."),
    _part(
        "show_part(5)",
        "5",
        "classes",
        "Show which classes of a task were forgotten, and what they are taken for.",
    ),
    _part("show_part(6)", "6", "log", "Show what was said of this run."),
    _part(
        "show_part(7)", "7", "parameters", "Show why it ended, in full, and all that decided it."
    ),
)

_turn = partial(Action, places=("classes",))
CLASSES = (
    _turn("later_stage", "right,l", "later stage", "Show the classes after the next stage."),
    _turn(
        "earlier_stage",
        "left,h",
        "earlier stage",
        "Show the classes after the stage before.",
        shown="wide",
    ),
    _turn("next_task", "t", "task", "Show the classes of the next task."),
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


_mix = partial(Action, places=("combine",))
_mix_palette = partial(_mix, shown="palette")
COMBINING = (
    _mix("turn_down", "left", "b−", "Turn b down: the trials weigh more alike."),
    _mix("turn_up", "right", "b+", "Turn b up: the best trials weigh more."),
    _mix_palette(
        "turn_down_finely", "comma,shift+left", "b− finely", "Turn b down by a hundredth."
    ),
    _mix_palette(
        "turn_up_finely", "full_stop,shift+right", "b+ finely", "Turn b up by a hundredth."
    ),
    _mix_palette("reset_base", "0", "b = 1.8", "Turn b back to 1.8, as in the paper."),
    _mix(
        "take",
        "space",
        "in/out",
        "Take the study or trial under the cursor into the combination, or out of it.",
    ),
    _mix(
        "unfold", "enter", "trials", "Show the trials of the study under the cursor, or hide them."
    ),
    _mix("export", "e", "export", "Write the profile to a JSON file."),
    _mix("evaluate", "v", "evaluate", "Run the profile on a sequence that no trial has seen."),
    _mix("transfer", "t", "transfer", "Carry the profile over to a backbone of another depth."),
    _mix("compare", "c", "compare", "Choose the profile that the marks show."),
)
