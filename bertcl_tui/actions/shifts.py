"""What can be done with the shifts of a task."""

from bertcl_tui.actions.action import Action

SHIFTS = (
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
)
