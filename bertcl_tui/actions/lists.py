"""What can be done with a list: its order, its columns, and copies of it."""

from bertcl_tui.actions.action import Action

LISTS = (
    Action(
        "sort",
        "o",
        "sort",
        "Sort by the next column; a click on its name does it too.",
        ("studies", "study"),
        shown="wide",
    ),
    Action(
        "reverse",
        "O",
        "reverse",
        "Turn the order round.",
        ("studies", "study"),
        shown="palette",
    ),
    Action(
        "choose_sort",
        "b",
        "sort by",
        "Choose what to sort by, of all columns.",
        ("studies", "study"),
        shown="palette",
    ),
    Action(
        "choose_columns",
        "t",
        "columns",
        "Choose the columns of the table, and their order; they are remembered.",
        ("studies", "study"),
        shown="wide",
    ),
    Action(
        "columns_left",
        "less_than_sign",
        "columns left",
        "Show the columns that went out on the left.",
        ("table",),
        shown="help",
    ),
    Action(
        "columns_right",
        "greater_than_sign",
        "columns right",
        "Show the columns for which there is no room.",
        ("table",),
        shown="help",
    ),
    Action(
        "copy_lines",
        "y",
        "copy",
        "Copy the line under the cursor, or the marked ones, as tab-separated text.",
        ("studies", "study"),
        shown="wide",
    ),
    Action(
        "export_trials",
        "E",
        "export",
        "Write the marked trials, or all that are shown, to a CSV or JSON file.",
        ("study",),
        shown="wide",
    ),
)

CHOOSING = (
    Action(
        "toggle_column",
        "space",
        "in/out",
        "Show the column under the cursor, or leave it out.",
        ("columns",),
    ),
    Action("go_down", "j", "down", "Go down a line.", ("columns",), shown="help"),
    Action("go_up", "k", "up", "Go up a line.", ("columns",), shown="help"),
    Action(
        "move_down",
        "J,shift+down",
        "move down",
        "Move the column to the right of the next one.",
        ("columns",),
    ),
    Action(
        "move_up",
        "K,shift+up",
        "move up",
        "Move the column to the left of the one before.",
        ("columns",),
    ),
    Action(
        "usual_columns",
        "r",
        "usual",
        "Show the columns that are usual again.",
        ("columns",),
    ),
)
