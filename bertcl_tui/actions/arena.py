"""What can be done with the tables of the arena, and with shifts."""

from functools import partial

from bertcl_tui.actions.action import Action

_table = partial(Action, places=("arena",))
_table_wide = partial(_table, shown="wide")
ARENA = (
    Action(
        "open_arena",
        "A",
        "arena",
        "Compare methods over sequences and seeds, as in the paper's tables.",
        ("studies", "study", "combine"),
        shown="wide",
    ),
    _table("new_table", "n", "new", "Choose sequences and methods, and have run what is missing."),
    _table(
        "next_measure",
        "m",
        "measure",
        "Show the next measure: p_o and p_s, p, ACC, BWT, forgetting, before – after, lost.",
    ),
    _table("next_layout", "t", "layout", "Show all that was run, or one of the paper's tables."),
    _table_wide(
        "next_setting",
        "d",
        "data",
        "Show what was run on other data, another backbone or by another protocol.",
    ),
    _table_wide(
        "pause_or_resume_table",
        "P",
        "all of it",
        "Pause all runs of this table, or let paused ones go on.",
    ),
    _table_wide("retry_runs", "r", "retry", "Run once more what failed, collapsed or was stopped."),
    _table(
        "turn_panel",
        "tab",
        "legend",
        "Show how the table is to be read, or the runs of the cell again.",
    ),
    _table(
        "show_curves",
        "f",
        "forgetting",
        "Show how the runs of the cell under the cursor forget, against the reference's; again "
        "the legend.",
    ),
    _table(
        "export_table",
        "e",
        "export",
        "Write the table to a file: Markdown, CSV, LaTeX, SVG, text.",
    ),
)

_shifts = partial(Action, places=("shifts",))
SHIFTS = (
    Action(
        "open_shifts",
        "S",
        "shifts",
        "Show how a task is shifted against itself: by length and by cluster.",
        ("studies",),
        shown="wide",
    ),
    _shifts("choose_task", "t", "task", "Choose task, data and model."),
    _shifts("turn_plane", "p", "PCA/t-SNE", "Show the rows in the other plane."),
    _shifts("write_picture", "e", "picture", "Write what is shown to a file: SVG or PNG."),
    _shifts(
        "search_shift", "n,enter", "new study", "Set up a search on the shift under the cursor."
    ),
)
