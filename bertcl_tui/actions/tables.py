"""Moving in a table, and marking what stands in it."""

from functools import partial

from bertcl_tui.actions.action import Action

_move = partial(Action, places=("table", "grid", "list"), shown="help")
_page = partial(Action, places=("table", "list", "text"), shown="help")
_grid = partial(Action, places=("grid",))
MOVING = (
    _move("cursor_up", "k,up", "up", "Go up a line."),
    _move("cursor_down", "j,down", "down", "Go down a line."),
    _page("page_up", "ctrl+b,pageup", "page up", "Go up a page."),
    _page("page_down", "ctrl+f,pagedown", "page down", "Go down a page."),
    _move("first", "g,home", "first", "Go to the first line."),
    _move("last", "G,end", "last", "Go to the last line."),
    _grid("cursor_left", "h,left", "left", "Go a column to the left.", shown="help"),
    _grid("cursor_right", "l,right", "right", "Go a column to the right.", shown="help"),
    _grid(
        "enter_cell",
        "enter",
        "runs",
        "Go to the runs of the cell under the cursor; escape comes back.",
    ),
)

_mark = partial(Action, places=("studies-table", "trials"))
_mark_wide = partial(_mark, shown="wide")
MARKING = (
    _mark(
        "mark",
        "space",
        "mark",
        "Mark what is under the cursor, or all of a range; again takes the mark away.",
    ),
    _mark_wide("mark_all", "a", "all", "Mark all that is shown, or nothing if all of it is."),
    _mark_wide("mark_range", "v", "range", "Begin a range here; move, then space marks it."),
    _mark("extend_down", "J,shift+down", "range down", "Stretch the range down.", shown="help"),
    _mark("extend_up", "K,shift+up", "range up", "Stretch the range up.", shown="help"),
    _mark_wide(
        "invert_marks",
        "i",
        "invert",
        "Mark what is not marked of the shown, and the other way round.",
    ),
    _mark(
        "clear_marks",
        "u",
        "unmark",
        "Take every mark away; again has them back.",
        shown="palette",
    ),
)

_list = partial(Action, places=("studies", "study"))
_list_wide = partial(_list, shown="wide")
_columns = partial(Action, places=("table",), shown="help")
LISTS = (
    _list_wide("sort", "o", "sort", "Sort by the next column; a click on its name does it too."),
    _list("reverse", "O", "reverse", "Turn the order round.", shown="palette"),
    _list(
        "choose_sort", "b", "sort by", "Choose what to sort by, of all columns.", shown="palette"
    ),
    _list_wide(
        "choose_columns",
        "t",
        "columns",
        "Choose the columns of the table, and their order; they are remembered.",
    ),
    _columns(
        "columns_left",
        "less_than_sign",
        "columns left",
        "Show the columns that went out on the left.",
    ),
    _columns(
        "columns_right",
        "greater_than_sign",
        "columns right",
        "Show the columns for which there is no room.",
    ),
    _list_wide(
        "copy_lines",
        "y",
        "copy",
        "Copy the line under the cursor, or the marked ones, as tab-separated text.",
    ),
    Action(
        "export_trials",
        "E",
        "export",
        "Write the marked trials, or all that are shown, to a CSV, TSV, JSON or Parquet file.",
        ("studies", "study"),
        shown="wide",
        elsewhere=(
            ("studies", "Write the trials of the study, or of the marked ones, to a file."),
        ),
    ),
    Action(
        "write_report",
        "H",
        "report",
        "Write one HTML file to send to others: charts, tables, how to have it again.",
        ("study", "arena"),
        shown="palette",
    ),
)

FILTERING = (
    Action(
        "save_filter",
        "ctrl+s",
        "save",
        "Give the filter a name, by which it is found again.",
        ("filter",),
    ),
    Action(
        "recall_filter",
        "F,ctrl+r",
        "saved filters",
        "Pick a filter that was saved.",
        ("studies", "study", "filter"),
        shown="wide",
    ),
)

_choose = partial(Action, places=("columns",))
CHOOSING = (
    _choose(
        "toggle_column", "space", "in/out", "Show the column under the cursor, or leave it out."
    ),
    _choose("go_down", "j", "down", "Go down a line.", shown="help"),
    _choose("go_up", "k", "up", "Go up a line.", shown="help"),
    _choose(
        "move_down", "J,shift+down", "move down", "Move the column to the right of the next one."
    ),
    _choose("move_up", "K,shift+up", "move up", "Move the column to the left of the one before."),
    _choose("usual_columns", "r", "usual", "Show the columns that are usual again."),
)
