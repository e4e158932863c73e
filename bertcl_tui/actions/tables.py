"""Moving in a table, and marking what stands in it."""

from bertcl_tui.actions.action import Action

MOVING = (
    Action("cursor_up", "k,up", "up", "Go up a line.", ("table", "grid", "list"), shown="help"),
    Action(
        "cursor_down", "j,down", "down", "Go down a line.", ("table", "grid", "list"), shown="help"
    ),
    Action(
        "page_up",
        "ctrl+b,pageup",
        "page up",
        "Go up a page.",
        ("table", "list", "text"),
        shown="help",
    ),
    Action(
        "page_down",
        "ctrl+f,pagedown",
        "page down",
        "Go down a page.",
        ("table", "list", "text"),
        shown="help",
    ),
    Action(
        "first", "g,home", "first", "Go to the first line.", ("table", "grid", "list"), shown="help"
    ),
    Action(
        "last", "G,end", "last", "Go to the last line.", ("table", "grid", "list"), shown="help"
    ),
    Action("cursor_left", "h,left", "left", "Go a column to the left.", ("grid",), shown="help"),
    Action(
        "cursor_right", "l,right", "right", "Go a column to the right.", ("grid",), shown="help"
    ),
    Action(
        "enter_cell",
        "enter",
        "runs",
        "Go to the runs of the cell under the cursor; escape comes back.",
        ("grid",),
    ),
)

MARKING = (
    Action(
        "mark",
        "space",
        "mark",
        "Mark the trial under the cursor, or all of a range; again takes the mark away.",
        ("trials",),
    ),
    Action(
        "mark_all",
        "a",
        "all",
        "Mark every trial that is shown, or none if all are.",
        ("trials",),
        shown="wide",
    ),
    Action(
        "mark_range",
        "v",
        "range",
        "Begin a range here; move, then space marks it.",
        ("trials",),
        shown="wide",
    ),
    Action(
        "extend_down",
        "J,shift+down",
        "range down",
        "Stretch the range down.",
        ("trials",),
        shown="help",
    ),
    Action(
        "extend_up", "K,shift+up", "range up", "Stretch the range up.", ("trials",), shown="help"
    ),
    Action(
        "invert_marks",
        "i",
        "invert",
        "Mark what is not marked of the shown, and the other way round.",
        ("trials",),
        shown="wide",
    ),
    Action(
        "clear_marks",
        "u",
        "unmark",
        "Take every mark of this study away.",
        ("trials",),
        shown="palette",
    ),
)


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
