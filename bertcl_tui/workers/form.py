"""Where one more worker shall learn."""

from typing import Final

from bertcl_tui.kit.dialogs import FormScreen, Texts
from bertcl_tui.options import Field, option, readers
from bertcl_tui.style.wording import count
from engine.work.machine import core_count, gpu_count

_THREADS: Final = readers.whole("threads", least=1, example=2)


def worker_form(living: int) -> FormScreen:
    """Ask for device and threads.

    Args:
        living: workers that there are already; the cores are shared with them.
    """
    cores, gpus = core_count(), gpu_count()

    def remark(texts: Texts) -> str:
        device, threads = read_worker(texts)
        have = count(cores, "core") + (f" and {count(gpus, 'GPU')}" if gpus else "")
        wide = threads > cores
        warned = f"; {threads} threads are more than that, and slow each other down" if wide else ""
        where = "on what there is" if device == "auto" else f"on {device}"
        return f"Learns {where} with {count(threads, 'thread')}; this machine has {have}{warned}."

    fields = [
        Field(
            name="device",
            label="Device",
            help="auto takes the GPU with the fewest workers, else the processor.",
            read=option("device").read,
            default="auto",
        ),
        Field(
            name="threads",
            label="Threads",
            help="Cores that it keeps busy while it learns on the processor.",
            read=_THREADS,
            default=str(max(1, cores // (living + 1))),
        ),
    ]
    return FormScreen("Start a worker", fields, go="Start", remark=remark)


def read_worker(texts: Texts) -> tuple[str, int]:
    """Return device and threads.

    Raises:
        UsageError: a text cannot be so.
    """
    return str(option("device").read(texts["device"])), _THREADS(texts["threads"])
