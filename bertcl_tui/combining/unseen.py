"""Evaluating a profile on a sequence that its trials have not seen."""

from msgspec import Struct
from msgspec.structs import replace

from engine.errors import UsageError
from engine.profiles import Profile
from engine.profiles.rates import is_rate
from engine.spec import Protocol, RunSpec


class Evaluation(Struct, frozen=True, kw_only=True):
    """Which runs are wanted."""

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
        raise UsageError(f"baseline '{text}' is no learning rate; write 2e-5, or none") from None
    if not is_rate(rate):
        raise UsageError(f"baseline is {text}; it must be above 0 and at most 1, like 2e-5")
    return rate


def request_evaluation(
    store: str, profile: Profile, protocol: Protocol, evaluation: Evaluation
) -> int:
    """Ask for runs of the profile and of its baseline, one per seed; return how many. Blocks.

    Raises:
        UsageError: something is not to be had; nothing was written.
        EngineError: the store cannot be written.
    """
    from engine.store.connection import open_store
    from engine.store.runs import create_run
    from engine.work.requests import request_run

    first, *others = _runs(profile, protocol, evaluation)
    opened = open_store(store)
    try:
        # What the first run needs, the others need: they differ in seed and rates only.
        request_run(opened, first[1], label=first[0])
        for label, spec in others:
            create_run(opened, spec, label=label)
    finally:
        opened.close()
    return 1 + len(others)


def _runs(
    profile: Profile, protocol: Protocol, evaluation: Evaluation
) -> list[tuple[str, RunSpec]]:
    """Return each run with its label."""
    learnt = RunSpec(
        sequence=evaluation.sequence,
        data=evaluation.data,
        model=evaluation.model,
        method="profile",
        learning_rates=profile.learning_rates,
        protocol=replace(protocol, grouping=profile.grouping.preset),
    )
    methods = [(profile.name, learnt)]
    if evaluation.baseline is not None:
        options = {"lr": evaluation.baseline}
        flat = replace(learnt, method="flat", learning_rates=None, options=options)
        methods.append((f"flat {evaluation.baseline:g}", flat))
    return [
        (label, replace(spec, seed=seed))
        for label, spec in methods
        for seed in range(evaluation.seeds)
    ]
