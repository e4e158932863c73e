"""Run the benches, keep what they find, and put it into docs/performance.md: python -m bench --help

Each bench runs in a process of its own, one after another; one that fails is told of, and the
others go on. What a bench found before stays until it has found something new, so that some may be
run now and others later.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from types import FrameType, ModuleType
from typing import Annotated, NoReturn

import msgspec
import typer

from bench.figures import Figure, table
from bench.results import (
    Entry,
    Results,
    commit_here,
    origin_here,
    read_results,
    write_page,
    write_results,
)

ALL = (
    "training",
    "step",
    "stacked",
    "asking",
    "tables",
    "charts",
    "screen",
    "racing",
    "cluster",
    "end_to_end",
)
"""What two cores do in half an hour."""
OTHERS = ("search", "gpu", "chance")
"""What is measured where it is asked for by name."""
LATEST = 1200.0
"""Seconds after which a bench has failed."""
CLEANING = 60.0
"""Seconds that it has then."""


def main(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...")] = None,
    *,
    missing: Annotated[bool, typer.Option("--missing", help="None that this commit has.")] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="Tiny ones, to see that they run; nothing is kept.")
    ] = False,
    take: Annotated[
        Path | None, typer.Option(help="Take over what was found, as on another machine.")
    ] = None,
    into: Annotated[Path | None, typer.Option(hidden=True)] = None,
) -> None:
    """Measure what these benches do, or all that need no GPU."""
    chosen = names or list(ALL)
    unknown = set(chosen) - {*ALL, *OTHERS}
    if unknown:
        say(f"no bench named {', '.join(sorted(unknown))}; use {', '.join((*ALL, *OTHERS))}")
        raise typer.Exit(2)
    if into is not None:
        bench = import_module(f"bench.{chosen[0]}")
        found = about(bench), bench.measure(quick=quick)
        into.write_bytes(msgspec.json.encode(found))
        return
    if take is not None:
        keep(read_results(take))
        return
    if missing:
        here, known = commit_here(), read_results()
        chosen = [name for name in chosen if name not in known or known[name].origin.commit != here]
    failed = [name for name in chosen if not run_and_keep(name, quick=quick)]
    if failed:
        say(f'failed: {", ".join(failed)}; again with: make bench BENCH="{" ".join(failed)}"')
        raise typer.Exit(1)


def about(bench: ModuleType) -> str:
    """Return what a bench measures, as its first line has it."""
    return (bench.__doc__ or "").partition(": python ")[0] + "."


def run_and_keep(name: str, *, quick: bool) -> bool:
    """Run a bench, show what it found and keep it; return whether it found anything."""
    say(f"{name} …")
    origin, began = origin_here(), perf_counter()
    try:
        subject, figures = run(name, quick=quick)
    except (OSError, subprocess.SubprocessError, msgspec.DecodeError) as error:
        say(f"{name} failed: {error}")
        return False
    if not figures:
        say(f"{name} found nothing")
        return False
    seconds = perf_counter() - began
    print(f"\n{name}: {subject} {seconds:.0f} s\n\n{table(figures)}\n", flush=True)
    if not quick:
        entry = Entry(about=subject, seconds=seconds, origin=origin, figures=figures)
        keep({name: entry})
    return True


def keep(found: Results) -> None:
    """Keep what was found, and put it into the document."""
    known = {**read_results(), **found}
    results = {name: known[name] for name in (*ALL, *OTHERS) if name in known}
    write_results(results)
    write_page(results)


def run(name: str, *, quick: bool) -> tuple[str, list[Figure]]:
    """Return what a bench says of itself and what it has found, in a process of its own.

    Raises:
        subprocess.SubprocessError: it failed, or took too long.
    """
    with TemporaryDirectory() as folder:
        into = Path(folder) / "figures.json"
        words = ["--quick"] if quick else []
        wait_for([sys.executable, "-m", "bench", name, "--into", str(into), *words], LATEST)
        return msgspec.json.decode(into.read_bytes(), type=tuple[str, list[Figure]])


def wait_for(command: Sequence[str], seconds: float) -> None:
    """Run a command; where it is not left to its end, nothing of it stays."""
    with raising_on_signals(), subprocess.Popen(command, start_new_session=True) as process:
        try:
            status = process.wait(seconds)
        except BaseException:
            end_group(process)
            raise
    if status:
        raise subprocess.CalledProcessError(status, command)


def end_group(process: "subprocess.Popen[bytes]") -> None:
    """Let a bench end the workers that it has started, as on Ctrl-C; then nothing of it stays."""
    try:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(CLEANING)
    except subprocess.TimeoutExpired:
        say(f"not ended in {CLEANING:.0f} s: killed")
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


@contextmanager
def raising_on_signals() -> Iterator[None]:
    """Let whoever asks this process to end be an exception, as Ctrl-C is."""

    def end(number: int, _: FrameType | None) -> NoReturn:
        raise SystemExit(128 + number)  # as shells say it

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(main)
    app()
