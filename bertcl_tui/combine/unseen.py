"""Evaluating a profile on a sequence that its trials have not seen."""

from contextlib import closing
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from engine.arena.entrants import Entrant
from engine.arena.plan import arena_seeds
from engine.errors import UsageError, shown
from engine.profiles import Profile
from engine.profiles.grouping import is_rate
from engine.spec import Protocol, RunSpec, Source

PROFILE: Final = "profile"
FLAT: Final = "flat"


class Evaluation(Struct, frozen=True, kw_only=True):
    """Which runs are asked for."""

    sequence: tuple[str, ...]
    data: str
    model: str
    seeds: int
    baseline: float | None
    """The learning rate of a flat run beside each; None: no such runs."""


def read_baseline(text: str) -> float | None:
    """Read the learning rate of flat runs, or ``none``.

    Raises:
        UsageError: it is neither.
    """
    if text == "none":
        return None
    try:
        rate = float(text)
    except ValueError:
        raise UsageError(
            f"baseline '{shown(text)}' is no learning rate; write 2e-5, or none"
        ) from None
    if not is_rate(rate):
        raise UsageError(f"baseline is {text}; it must be above 0 and at most 1, like 2e-5")
    return rate


def request_evaluation(
    store: str, profile: Profile, protocol: Protocol, evaluation: Evaluation
) -> int:
    """Ask for runs of the profile and of its baseline, one per seed, as rows of the arena. Blocks.

    Returns:
        How many were not there yet.

    Raises:
        UsageError: something is not to be had; nothing was written.
        EngineError: the store cannot be written.
    """
    from engine.arena.plan import PlannedRun, find_record
    from engine.arena.rates import source_of_profile
    from engine.store.connection import open_store
    from engine.store.searches import searches
    from engine.work.requests import enter_runs

    with closing(open_store(store)) as opened:
        known = searches(opened, None, protocol)
        sources = {PROFILE: source_of_profile(profile, known), FLAT: Source()}
        runs = [
            PlannedRun(
                entrant=entrant,
                spec=spec,
                source=sources[spec.method],
                record=find_record(opened, spec),
            )
            for entrant, spec in _runs(profile, protocol, evaluation)
        ]
        return enter_runs(opened, runs)


def _runs(
    profile: Profile, protocol: Protocol, evaluation: Evaluation
) -> list[tuple[Entrant, RunSpec]]:
    """Return each run with the row that it stands in."""
    learnt = RunSpec(
        sequence=evaluation.sequence,
        data=evaluation.data,
        model=evaluation.model,
        method=PROFILE,
        learning_rates=profile.learning_rates,
        first_lr=profile.first_lr,
        protocol=replace(protocol, grouping=profile.grouping.preset),
    )
    rows = [(Entrant(method=PROFILE, rates=profile.name), learnt)]
    if (rate := evaluation.baseline) is not None:
        flat = replace(
            learnt, method=FLAT, learning_rates=None, first_lr=None, options={"lr": rate}
        )
        rows.append((Entrant(method=FLAT, rates=rate), flat))
    seeds = arena_seeds(evaluation.seeds)
    return [(entrant, replace(spec, seed=seed)) for entrant, spec in rows for seed in seeds]
