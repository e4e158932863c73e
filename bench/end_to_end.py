"""How soon there is a profile that holds: python -m bench.end_to_end --help

From nothing, with the processes' start, to a profile whose *confirmed* p (the mean of fresh seeds
on the validation rows) is that of the best trial of ``bench.by_hand``, the search that one would
write with Optuna and Hugging Face Trainer. Ours is ``bertcl-tui search`` as typed, with a store and
a cache of its own, that knows no earlier study. The same with proposals at random (and all else as
it comes: known profiles first, races, pruning) tells what the sampler is worth live. The sides take
turns, and each round has a seed of its own.

Every profile that either side would have named as its best at some time is confirmed afterwards, by
the same learner and with the same seeds; so one search of each side tells when it had reached what.
What is done is kept in a file, and a later call with the same options goes on from there.
"""

import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import Annotated

import msgspec
import torch
import typer
from msgspec import Struct
from msgspec.structs import replace

from bench.figures import Figure, over_rounds, table
from bench.options import run_with
from bench.results import Origin, origin_here
from bench.sides import Best, Search, Setting, search_as_typed, search_by_hand, write_rows
from engine.errors import UsageError
from engine.files import replacing
from engine.learning.backbone import quiet_libraries
from engine.learning.prepare import prepare
from engine.spec import RunSpec, derived_seed
from engine.spec.search import Sampler
from engine.work.machine import core_count
from tests.tiny import tiny_backbone, tiny_tasks

RECORD = Path(__file__).parent / "end_to_end.json"
FRESH_SEEDS = 3


class Round(Struct, frozen=True, kw_only=True):
    """One search of each side; None: not yet."""

    origin: Origin
    ours: Search | None = None
    by_hand: Search | None = None
    at_random: Search | None = None
    confirmed: dict[str, list[float]] = {}
    """p on the validation rows with each fresh seed, by the rates of what was a best once."""

    @property
    def to_confirm(self) -> dict[str, Best]:
        """What is not confirmed yet, by its rates."""
        sides = (self.ours, self.by_hand, self.at_random)
        searches = [side for side in sides if side is not None]
        bests = {best.rates: best for search in searches for best in search.bests}
        return {rates: best for rates, best in bests.items() if rates not in self.confirmed}

    def p_of(self, best: Best) -> float:
        """Return what is confirmed of a profile."""
        return fmean(self.confirmed[best.rates])

    def seconds_to(self, target: float, search: Search) -> float | None:
        """Return when a search's best had that p, confirmed; None: never."""
        reached = (best.seconds for best in search.bests if self.p_of(best) >= target)
        return next(reached, None)


class Record(Struct, frozen=True, kw_only=True):
    """All rounds of a setting."""

    setting: Setting
    rounds: list[Round]


# confirming


def confirm(bests: dict[str, Best], seed: int) -> Iterator[tuple[str, list[float]]]:
    """Learn profiles with fresh seeds, the same for all; yield what each comes to."""
    fresh = [derived_seed("confirmation", seed, index) for index in range(FRESH_SEEDS)]
    asked = [
        replace(best.spec, seed=number, first_seed=None)
        for best in bests.values()
        for number in fresh
    ]
    workers = min(core_count(), len(asked))
    with ProcessPoolExecutor(workers, get_context("spawn"), initializer=_begin) as pool:
        found = pool.map(reported_p, asked)
        for rates in bests:
            yield rates, list(islice(found, len(fresh)))


def _begin() -> None:
    quiet_libraries()
    torch.set_num_threads(1)


def reported_p(spec: RunSpec) -> float:
    """Learn a sequence, and return p on the validation rows."""
    learner = prepare(spec)
    learner.reports_after = lambda _: False
    for _ in learner.events():
        pass
    return learner.validation_matrix.p


# what it comes to


def figures_of(record: Record) -> list[Figure]:
    """Return what the rounds that are over have come to."""
    rows = [
        _row(each, each.ours, each.by_hand) | _row_of_random(each, each.by_hand)
        for each in record.rounds
        if each.ours and each.by_hand and not each.to_confirm
    ]
    case = f"{record.setting.title}, {record.rounds[-1].origin.date}"
    columns = {what: [row[what] for row in rows if what in row] for row in rows for what in row}
    return [over_rounds(case, what, values) for what, values in columns.items()]


def _row(over: Round, ours: Search, by_hand: Search) -> dict[str, float]:
    """Return what a round has come to; where ours never got there, the ratio is 0."""
    target = over.p_of(by_hand.bests[-1])
    theirs = over.seconds_to(target, by_hand) or by_hand.seconds
    reached = over.seconds_to(target, ours)
    return {
        "p to reach": target,
        "by hand, s to it": theirs,
        "ours, s to it": ours.seconds if reached is None else reached,
        "ratio": 0.0 if reached is None else theirs / reached,
        "ours reached it": float(reached is not None),
        "by hand, trials/min": 60 * by_hand.trials / by_hand.seconds,
        "ours, trials/min": 60 * ours.trials / ours.seconds,
        "ours, p in the end": over.p_of(ours.bests[-1]),
    }


def _row_of_random(over: Round, by_hand: Search) -> dict[str, float]:
    """Return the same of proposals at random, if those were searched with."""
    if over.at_random is None:
        return {}
    row = _row(over, over.at_random, by_hand)
    return {f"at random{what.removeprefix('ours')}": row[what] for what in row if "ours" in what}


# doing it


def record_rounds(setting: Setting, rounds: int, path: Path) -> Record:
    """Do the rounds that are missing, and keep each part as soon as it is done.

    Raises:
        UsageError: the file has rounds of another setting.
    """
    record = read_record(path) if path.exists() else Record(setting=setting, rounds=[])
    if record.setting != setting:
        raise UsageError(f"{path} has rounds of other options; name another by --out")
    known = dict(enumerate(record.rounds))
    with TemporaryDirectory() as folder:
        rows = write_rows(setting, Path(folder) / "rows")
        for number in range(rounds):
            each = known.get(number) or Round(origin=origin_here())
            for further in whats_missing(each, setting, number, rows):
                known[number] = further
                _keep(Record(setting=setting, rounds=list(known.values())), path)
    return Record(setting=setting, rounds=list(known.values()))


def whats_missing(each: Round, setting: Setting, number: int, rows: Path) -> Iterator[Round]:
    """Do what is missing of a round, and yield the round again with each part of it.

    What was found so far is confirmed before the search with random proposals, which is no side of
    the comparison.
    """
    sides = ("ours", "by_hand") if number % 2 == 0 else ("by_hand", "ours")
    for named in (sides, ("at_random",) if setting.at_random else ()):
        for side in named:
            if getattr(each, side) is None:
                each = replace(each, **{side: _search(side, setting, number, rows)})
                yield each
        missing = each.to_confirm
        say(f"round {number}: {len(missing)} profiles to confirm")
        for rates, found in confirm(missing, number) if missing else ():
            each = replace(each, confirmed={**each.confirmed, rates: found})
            yield each


def _search(side: str, setting: Setting, seed: int, rows: Path) -> Search:
    say(f"round {seed}: {side} …")
    with TemporaryDirectory() as folder:
        if side == "by_hand":
            return search_by_hand(setting, seed, Path(folder), rows)
        sampler: Sampler | None = "random" if side == "at_random" else None
        return search_as_typed(setting, seed, Path(folder), sampler)


def _keep(record: Record, path: Path) -> None:
    with replacing(path) as beside:
        beside.write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n")


def read_record(path: Path) -> Record:
    return msgspec.json.decode(path.read_bytes(), type=Record)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@contextmanager
def tiny_setting() -> Iterator[Setting]:
    """Have tasks and a backbone so small that only the processes' start takes time."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        yield Setting(
            sequence="mood:topic",
            data=str(tiny_tasks(folder / "tasks")),
            model=str(tiny_backbone(folder / "backbone")),
            train_rows=32,
            eval_rows=16,
            batch_size=8,
            trials=3,
            our_trials=3,
            at_random=False,
            device="cpu",
        )


def measure(*, quick: bool = False) -> list[Figure]:
    """Return what was recorded at full size, if anything, and what a tiny round comes to."""
    whole = [] if quick or not RECORD.exists() else figures_of(read_record(RECORD))
    with tiny_setting() as setting, TemporaryDirectory() as folder:
        tiny = figures_of(record_rounds(setting, 1, Path(folder) / "record.json"))
    return [*whole, *(replace(each, case="tiny, to see that it runs") for each in tiny)]


def main(
    setting: Setting,
    *,
    rounds: Annotated[int, typer.Option(min=1, help="In all, those that are kept too.")] = 3,
    out: Path = RECORD,
    quick: Annotated[bool, typer.Option("--quick", help="Tiny, to see that it runs.")] = False,
) -> None:
    if quick:
        print(table(measure(quick=True)))
        return
    try:
        print(table(figures_of(record_rounds(setting, rounds, out))))
    except UsageError as error:
        say(str(error))
        raise typer.Exit(2) from error


if __name__ == "__main__":
    run_with(Setting, main)
