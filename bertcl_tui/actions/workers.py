"""What can be done with those who work."""

from bertcl_tui.actions.action import Action

WORKERS = (
    Action(
        "start_worker",
        "n",
        "new",
        "Start one more worker, on a device and with as many threads as you like.",
        ("workers",),
    ),
    Action(
        "pause_or_resume_worker",
        "space",
        "pause/resume",
        "Let a worker give its run back and rest, or work again.",
        ("workers",),
    ),
    Action(
        "stop_worker",
        "s",
        "stop",
        "End a worker; its run waits at a checkpoint for the next.",
        ("workers",),
    ),
    Action(
        "toggle_log",
        "o",
        "its log",
        "Show only what this worker said, or everything again.",
        ("workers",),
    ),
    Action(
        "open_file",
        "f",
        "log file",
        "Show the end of the worker's own file, where it says why it crashed.",
        ("workers", "log"),
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
