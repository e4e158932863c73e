"""What a worker does, in a few words."""

from bertcl_tui.store.rows import WorkerRow


def worker_word(row: WorkerRow) -> str:
    """Return the word for a worker's state."""
    if row.state == "lost":
        return "lost"
    if row.desired == "stopped":
        return "stopping"
    if row.desired == "paused":
        return "pausing" if row.run_id is not None else "paused"
    if row.state == "idle" and row.cpu_percent is None:
        return "starting"
    return row.state


def at_what(row: WorkerRow) -> str:
    """Say which run a worker is at; empty where it is at none."""
    if row.run_id is None:
        return ""
    if row.study is not None:
        return f"#{row.number} {row.study}"
    what = " on ".join(filter(None, (row.label, row.sequence)))
    return f"run {row.run_id} {what}".rstrip()
