"""A small program over the Python API, which mypy reads as it reads those of others."""

from engine.api import Profile, Run, Study, Trial, combine, run, search, studies


def best_of(store: str) -> dict[str, float]:
    """Return the best mean p of every study that has one, by name."""
    found: dict[str, float] = {}
    for study in studies(store=store):
        best: Trial | None = study.best
        if best is not None and best.mean_p is not None:
            found[study.name] = best.mean_p
    return found


def combined_rates(store: str, *numbers: int) -> tuple[float, ...]:
    """Combine trials of the first study of a store."""
    first, *_ = studies(store=store)
    profile: Profile = combine(first.only(*numbers), base=1.5)
    return profile.learning_rates


def learn(store: str) -> tuple[int, float | None]:
    """Search, and learn with what was found; return how many curve points there are, and p."""
    study: Study = search("mood:agree", data="tasks.toml", trials=2, workers=0, store=store)
    learnt: Run = run("mood:agree", data="tasks.toml", profile=study.profile, store=store)
    return learnt.to_arrow().num_rows, learnt.p
