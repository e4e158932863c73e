"""What can be done with a combination."""

from bertcl_tui.actions.action import Action

COMBINING = (
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
)
