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
