"""What can be done with a combination."""

from functools import partial

from bertcl_tui.actions.action import Action

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
