"""``worker`` and ``workers``: who does the work."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

import typer
from msgspec.structs import replace

from bertcl_tui.cli.launching import (
    Address,
    Cpus,
    Gpus,
    Launcher,
    OfCluster,
    Partition,
    Time,
    launch_workers,
    refuse_without_launcher,
)
from bertcl_tui.cli.output import make_table, print_json, print_text, say
from bertcl_tui.cli.parameters import DEVICES, Checkpoints, Json, Slots, Stack, Store, offer_words
from bertcl_tui.cli.stores import opened, use_places
from bertcl_tui.options import option, readers
from bertcl_tui.store.study_rows import WorkerRow
from bertcl_tui.style.standing import at_what, worker_word
from bertcl_tui.style.wording import count, duration, size, steps_rate, tokens_rate
from engine.errors import EngineError, StorageError, UsageError, mask_password
from engine.store.connection import DEFAULT_STORE
from engine.store.connection import Store as OpenStore
from engine.store.workers import require_writable
from engine.work.supervisor import (
    WorkerSettings,
    free_slots,
    passing_on_signals,
    start_process,
)
from engine.work.warm import Process

_FOREVER: Final = 1e9

UntilIdle = Annotated[
    bool, typer.Option("--until-idle", help="End as soon as there is nothing to do.")
]
Device = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="Where they learn: auto, cpu, cuda, cuda:1 or mps.",
        autocompletion=offer_words(DEVICES),
    ),
]


def worker(
    *,
    slots: Slots = None,
    stack: Stack = 1,
    checkpoints: Checkpoints = "",
    until_idle: UntilIdle = False,
    device: Device = "auto",
    launcher: Launcher = "",
    gpus_per_worker: Gpus = None,
    cpus_per_worker: Cpus = None,
    address: Address = None,
    partition: Partition = None,
    time: Time = None,
    store: Store = DEFAULT_STORE,
) -> None:
    """Work here, in the foreground, for whatever the store asks for.

    Ctrl-C gives the runs back with a checkpoint; another worker goes on with them.

    With --launcher they work on a cluster: as many as there is something to do for, --slots of them
    at most. docs/cluster.md has it step by step.
    """
    option("device").read(device)
    if slots == 0:
        raise UsageError("0 workers would do nothing; leave --slots out, or name 1 or more")
    use_places(checkpoints)
    of_cluster = OfCluster(
        gpus=gpus_per_worker,
        cpus=cpus_per_worker,
        address=address,
        partition=partition,
        time=None if time is None else readers.duration("time", time),
    )
    if not launcher:
        refuse_without_launcher(of_cluster)
    with opened(store) as at:
        _refuse_unwritable(at.store)
        url = at.store.url
    if launcher:
        settings = WorkerSettings(store=url, device=device, until_idle=until_idle, stack=stack)
        launch_workers(launcher, settings, slots, of_cluster)
        return
    every = [
        replace(
            slot.settings(url, asked=device, stack=stack),
            until_idle=until_idle,
            idle_seconds=_FOREVER,
        )
        for slot in free_slots(slots, device)
    ]
    say(f"{count(len(every), 'worker')} for {mask_password(url)}; Ctrl-C ends")
    _wait_for([start_process(settings) for settings in every])


def workers(*, store: Store = DEFAULT_STORE, json: Json = False) -> None:
    """List the workers and what each works on."""
    with opened(store) as at:
        rows, now = at.reader.workers(), at.reader.clock()
        if json:
            print_json([_facts(row) for row in rows])
            return
        if not rows:
            say("no worker; search, resume and worker start some")
            return
        table = make_table(
            ["pid", "device", "state", "at"],
            ["done", "ETA", "rate", "tokens", "CPU", "memory", "GPU", "up", "heard"],
        )
        for row in rows:
            table.add_row(
                str(row.pid),
                row.device,
                worker_word(row),
                at_what(row),
                "" if row.share is None else f"{row.share:.0%}",
                duration(row.eta),
                steps_rate(row.rate),
                tokens_rate(row.tokens_rate),
                "" if row.cpu_percent is None else f"{row.cpu_percent:.0f} %",
                size(row.memory_bytes),
                "" if row.gpu_percent is None else f"{row.gpu_percent:.0f} %",
                duration(now - row.started_at),
                f"{duration(max(0.0, now - row.heartbeat_at))} ago",
            )
        print_text(table)


def _refuse_unwritable(store: OpenStore) -> None:
    try:
        require_writable(store)
    except UsageError:
        raise
    except StorageError:  # it may pass, and workers wait for that
        return


def _wait_for(processes: Sequence[Process]) -> None:
    with passing_on_signals(processes) as ended_by:
        codes = [process.wait() for process in processes]
    failed = [code for code in codes if code != 0 and -code not in ended_by]
    if failed:
        raise EngineError(f"{count(len(failed), 'worker')} of {len(codes)} failed; see above")


def _facts(row: WorkerRow) -> dict[str, Any]:
    return {
        "pid": row.pid,
        "host": row.host,
        "state": row.state,
        "desired": row.desired,
        "study": row.study,
        "run": row.run_id,
        "trial": row.number,
        "step": row.step,
        "steps": row.steps,
        "eta": row.eta,
        "rate": row.rate,
        "tokens_rate": row.tokens_rate,
        "device": row.device,
        "threads": row.threads,
        "cpu_percent": row.cpu_percent,
        "memory_bytes": row.memory_bytes,
        "gpu_percent": row.gpu_percent,
        "gpu_memory_bytes": row.gpu_memory_bytes,
        "waits_for": row.waits_for,
        "log": row.log_file,
        "started_at": row.started_at,
        "heartbeat_at": row.heartbeat_at,
    }
