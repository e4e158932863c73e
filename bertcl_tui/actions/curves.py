"""What can be done with curves, a plane, axes of trials and a time line that has the focus."""

from functools import partial

from bertcl_tui.actions.action import Action

_read = partial(Action, places=("curves",))
_read_on = partial(_read, shown="palette")
CURVES = (
    _read("step_right", "right,l", "read values", "Move the crosshair to the next measured step."),
    _read_on(
        "step_left", "left,h", "back a step", "Move the crosshair to the measured step before."
    ),
    _read_on(
        "leap_right",
        "shift+right,ctrl+right,L",
        "leap right",
        "Move the crosshair ten measured steps on.",
    ),
    _read_on(
        "leap_left",
        "shift+left,ctrl+left,H",
        "leap left",
        "Move the crosshair ten measured steps back.",
    ),
    _read_on(
        "first_step", "home,g", "first step", "Move the crosshair to the first measured step."
    ),
    _read_on("last_step", "end,G", "last step", "Move the crosshair to the last measured step."),
    _read_on("line_above", "up,k", "line above", "Read the line above."),
    _read_on("line_below", "down,j", "line below", "Read the line below."),
    _read(
        "zoom_in",
        "plus,equals_sign",
        "zoom",
        "Show half as many steps around the crosshair, or the last ones.",
    ),
    _read("zoom_out", "minus", "zoom out", "Show twice as many steps."),
    _read("zoom_off", "0", "all steps", "Show all steps again."),
    _read_on(
        "pan_left",
        "less_than_sign,comma",
        "pan left",
        "Show earlier steps, where the chart is zoomed.",
    ),
    _read_on(
        "pan_right",
        "greater_than_sign,full_stop",
        "pan right",
        "Show later steps, where the chart is zoomed.",
    ),
    _read(
        "turn_axis",
        "x",
        "log steps",
        "Stretch the first steps: show them on a log axis, or evenly again.",
        shown="wide",
    ),
    _read("end_reading", "escape", "end reading", "Take the crosshair away, then the zoom."),
)

_group = partial(Action, places=("study", "compare", "trial", "arena"), shown="palette")
GROUPING = (
    _group(
        "group_curves",
        "z",
        "group curves",
        "Draw the curves of a profile, a method or a seed as one: their mean and its band.",
        elsewhere=(
            ("trial", "Draw the curves of all its seeds as one: their mean and its band."),
            ("arena", "Draw the curves of a cell's seeds as one, or each by itself."),
        ),
    ),
    _group(
        "turn_spread",
        "Z",
        "other band",
        "Let the band of grouped curves be a deviation, or from the lowest to the highest.",
    ),
)

_walk = partial(Action, places=("plane",))
_walk_on = partial(_walk, shown="palette")
PLANE = (
    _walk(
        "walk_left",
        "left,h",
        "walk left",
        "Go to the nearest trial that learnt less of the later task.",
    ),
    _walk_on(
        "walk_right",
        "right,l",
        "walk right",
        "Go to the nearest trial that learnt more of the later task.",
    ),
    _walk_on(
        "walk_up", "up,k", "walk up", "Go to the nearest trial that kept more of the earlier tasks."
    ),
    _walk_on(
        "walk_down",
        "down,j",
        "walk down",
        "Go to the nearest trial that kept less of the earlier tasks.",
    ),
)

_replay = partial(Action, places=("replay",))
_replay_on = partial(_replay, shown="palette")
REPLAY = (
    _replay("step_on", "right,l", "on", "Show the study as it stood when one more had ended."),
    _replay("step_back", "left,h", "back", "Show the study as it stood when one less had ended."),
    _replay_on("leap_on", "shift+right,ctrl+right,L", "ten on", "Go on by ten trials."),
    _replay_on("leap_back", "shift+left,ctrl+left,H", "ten back", "Go back by ten trials."),
    _replay_on("first_moment", "home,g", "beginning", "Go to the beginning of the study."),
    _replay_on("last_moment", "end,G", "end", "Go to the trial that ended last."),
    _replay("play", "space", "play", "Let it go on by itself, or stop it."),
    _replay("faster", "plus,equals_sign", "faster", "Play twice as many trials a second."),
    _replay("slower", "minus", "slower", "Play half as many trials a second."),
    _replay_on("trial_above", "up,k", "trial above", "Put the cursor on the trial above."),
    _replay_on("trial_below", "down,j", "trial below", "Put the cursor on the trial below."),
)

_brush = partial(Action, places=("parallel",))
_brush_on = partial(_brush, shown="palette")
BRUSHING = (
    _brush("axis_right", "right,l", "next axis", "Go to the next rate or score."),
    _brush_on("axis_left", "left,h", "axis before", "Go to the rate or score before."),
    _brush("mark_up", "up,k", "mark up", "Move the mark to the next higher round value."),
    _brush_on("mark_down", "down,j", "mark down", "Move the mark to the next lower round value."),
    _brush(
        "set_lower",
        "left_square_bracket",
        "from here",
        "List and draw heavily only trials from the mark up; again takes this edge away.",
    ),
    _brush(
        "set_upper",
        "right_square_bracket",
        "up to here",
        "List and draw heavily only trials up to the mark; again takes this edge away.",
    ),
    _brush_on("take_brush", "backspace,delete", "any value", "Take both edges of this axis away."),
    _brush("take_brushes", "0", "no brush", "Take the edges of all axes away."),
)
