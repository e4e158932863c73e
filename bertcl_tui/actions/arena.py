"""What can be done with the tables of the arena, and with shifts."""

from bertcl_tui.actions.action import Action

ARENA = (
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
)


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
