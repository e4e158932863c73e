"""What can be done with workers and the log."""

from functools import partial

from bertcl_tui.actions.action import Action

_worker = partial(Action, places=("workers",))
WORKERS = (
    _worker(
        "start_worker",
        "n",
        "new",
        "Start one more worker, on a device and with as many threads as you like.",
    ),
    _worker(
        "stop_worker", "s", "stop", "End a worker; its run waits at a checkpoint for the next."
    ),
    _worker("toggle_log", "o", "its log", "Show only what this worker said, or everything again."),
    Action(
        "open_file",
        "f",
        "log file",
        "Show the end of the worker's own file, where it says why it crashed.",
        ("workers", "log"),
    ),
    Action(
        "next_span",
        "t",
        "time span",
        "Let the graphs be about two minutes, ten, or an hour.",
        ("work",),
        shown="wide",
    ),
    Action(
        "open_workers",
        "W",
        "workers",
        "Show who works, how the machine does, what waits and what was said.",
        ("app",),
        shown="wide",
    ),
)

_log = partial(Action, places=("log",))
LOG = (
    _log("search", "slash", "search", "Search in all that was ever said; escape ends the search."),
    _log("next_hit", "n", "next hit", "Go to the next line that was searched for."),
    _log("previous_hit", "N", "last hit", "Go back to the line before that was searched for."),
    _log("next_level", "v", "level", "Show all lines, or those from info, warnings or errors on."),
    _log("copy_line", "y", "copy", "Copy the line under the cursor.", shown="wide"),
)
