"""How an entrant's learning rates come about on a sequence."""

from collections.abc import Iterator, Mapping, Sequence
from math import isclose
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from engine.arena.entrants import (
    BERTCL,
    BERTCL_LATER,
    COMBINED,
    COMBINED_LATER,
    FLAT_FIRST,
    FLAT_LATER,
    FLAT_TUNED,
    LLRD_TUNED,
    OF_LATER_STAGES,
    PUBLISHED,
    Entrant,
)
from engine.files import expanded
from engine.profiles import (
    DEFAULT_BASE,
    Grouping,
    Profile,
    StudyShare,
    make_grouping,
    published_profile,
    read_profile,
    searched_profile,
    transfer_rates,
)
from engine.profiles.combination import geometric_mean, rank_weights
from engine.profiles.profile import llrd_rates, short_rate
from engine.spec import Protocol, Source, Tuning, sequence_name
from engine.spec.run import SearchedMethod
from engine.spec.search import Stages
from engine.store.connection import Store
from engine.store.measurements import end_accuracies
from engine.store.racing import Contender, mean_of
from engine.store.runs import RunRecord, trials_of
from engine.store.searches import SearchRecord
from engine.tasks.models import backbone_of

Point = Sequence[float]
"""What a search tries: one rate per choice, or ``lr``, or ``lr`` and ``decay``."""

_SEARCHED: Final[Mapping[str, SearchedMethod]] = {
    FLAT_TUNED: "flat",
    FLAT_FIRST: "flat",
    FLAT_LATER: "flat",
    LLRD_TUNED: "llrd",
    BERTCL: "profile",
    COMBINED: "profile",
    BERTCL_LATER: "profile",
    COMBINED_LATER: "profile",
}
_OF_ONE_SEQUENCE: Final = (BERTCL, BERTCL_LATER)
_OF_ALL: Final = (COMBINED, COMBINED_LATER)


class FirstTaskTrial(Struct, frozen=True, kw_only=True):
    """A rate, and how well the first task was known with it when it had been learnt."""

    search: SearchRecord
    rate: float
    accuracy: float

    @property
    def task(self) -> str:
        return self.search.study.spec.sequence[0]


class Setting(Struct, frozen=True, kw_only=True):
    """What all runs of an arena have in common, and the searches that fit it."""

    data: str
    """Where the tasks are from; only a search on the same rows is one on a sequence of them."""
    model: str
    protocol: Protocol
    searches: tuple[SearchRecord, ...] = ()
    """Of this backbone and protocol, over or not."""
    first_tasks: tuple[FirstTaskTrial, ...] = ()
    """What those of them for one rate say of their first tasks alone."""

    def grouping(self) -> Grouping:
        """Return which layers share a rate.

        Raises:
            UsageError: nothing on this machine says how deep the backbone is.
        """
        profiles = (s.complete for s in self.searches if s.complete)
        choices = max((len(trials[0].learning_rates or ()) for trials in profiles), default=0)
        return make_grouping(self.protocol.grouping, backbone_of(self.model, choices).layers)


class Rates(Struct, frozen=True, kw_only=True):
    """What a method learns with, and where it is from."""

    options: dict[str, float] = {}
    """``lr``, with LLRD's ``decay``; empty where a profile is carried."""
    learning_rates: tuple[float, ...] | None = None
    """One per choice of the protocol's grouping."""
    first_lr: float | None = None
    """Of stage 1, where the rates are for later stages; None: they are for all."""
    source: Source = Source()


class NoRates(Struct, frozen=True):
    """Why there are none."""

    reason: str


def searched_method(entrant: Entrant) -> SearchedMethod | None:
    """Return what must be searched for an entrant's rates; None: nothing."""
    return _SEARCHED.get(str(entrant.rates))


def searched_stages(entrant: Entrant) -> Stages:
    """Return which stages a search for an entrant's rates is about."""
    return "later" if entrant.rates in OF_LATER_STAGES else "all"


def find_rates(entrant: Entrant, sequence: Sequence[str], at: Setting) -> Rates | NoRates:
    """Find an entrant's rates on a sequence.

    Raises:
        UsageError: a profile's file cannot be read, or the backbone's depth is not known here.
    """
    if isinstance(entrant.rates, float):
        return Rates(options={"lr": entrant.rates})
    if entrant.file is not None:
        return _carried(read_profile(expanded(entrant.file)), at)
    if entrant.rates == PUBLISHED:
        return _carried(published_profile(), at, published=True)
    if entrant.rates == FLAT_FIRST:
        return _of_first_task(sequence[0], at)
    return _searched(entrant, sequence, at)


def first_task_trials(
    store: Store, searches: Sequence[SearchRecord], data: str
) -> tuple[FirstTaskTrial, ...]:
    """Return the trials of searches for one rate that are over, on rows of this data.

    Whoever learns tasks one after another has but the first one when rates are chosen (GTEP, Cha
    and Cho 2024). A search on a whole sequence tells them too: by the accuracy on the first task
    when it had been learnt, whatever came of it later. Trials that were pruned or collapsed after
    that count as well. A search of the later stages tells none: stage 1 has its own rate.
    """
    found = (
        item
        for item in searches
        if item.over
        and (item.study.spec.method, item.study.spec.first_lr) == ("flat", None)
        and item.study.spec.data == data
    )
    return tuple(trial for item in found for trial in _of_search(store, item))


def _of_search(store: Store, item: SearchRecord) -> Iterator[FirstTaskTrial]:
    trials = trials_of(store, item.study.id)
    ends = end_accuracies(store, [trial.id for trial in trials], "search")
    for trial in trials:
        accuracy = ends.get(trial.id, {}).get((0, 0))
        rate = trial.spec.options.get("lr")
        if accuracy is not None and isinstance(rate, float):
            yield FirstTaskTrial(search=item, rate=rate, accuracy=accuracy)


def best_on_first_task(trials: Sequence[FirstTaskTrial], task: str) -> FirstTaskTrial | None:
    """Return the best trial on a task that came first; of equally good ones the earliest."""
    fitting = [trial for trial in trials if trial.task == task]
    return max(fitting, key=lambda trial: trial.accuracy, default=None)


def _searched(entrant: Entrant, sequence: Sequence[str], at: Setting) -> Rates | NoRates:
    """Find rates in the searches for them, or what stands in for these."""
    usable = _usable(entrant, at)
    own = [item for item in usable if item.study.spec.data == at.data and _is_on(sequence, item)]
    if own and entrant.rates not in _OF_ALL:
        best = _best(own)
        return _of_point(entrant, _point(best), at, best.spec.first_lr, source=_source(own))
    if usable and entrant.rates not in _OF_ONE_SEQUENCE:
        return _combined(entrant, usable, at)
    instead = _published_instead(entrant, sequence)
    return (
        NoRates(_why_none(entrant, at))
        if instead is None
        else _carried(instead, at, published=True)
    )


def _combined(entrant: Entrant, usable: Sequence[SearchRecord], at: Setting) -> Rates | NoRates:
    first_rates = dict.fromkeys(item.study.spec.first_lr for item in usable)
    if len(first_rates) > 1:
        said = ", ".join(short_rate(rate) for rate in first_rates if rate is not None)
        return NoRates(f"its searches had other rates in stage 1: {said}")
    (first_lr,) = first_rates
    points = [[_point(trial) for trial in item.by_mean_p()] for item in usable]
    return _of_point(entrant, combined_point(points), at, first_lr, source=_source(usable))


def _of_first_task(task: str, at: Setting) -> Rates | NoRates:
    best = best_on_first_task(at.first_tasks, task)
    if best is None:
        return NoRates(f"no search for one rate on a sequence that begins with {task}")
    # None of the sequence was looked at but its first task: it is unseen.
    source = replace(_source([best.search]), searched_on=(), first_task=True)
    return Rates(options={"lr": best.rate}, source=source)


def combined_point(
    searches: Sequence[Sequence[Point]], base: float = DEFAULT_BASE
) -> tuple[float, ...]:
    """Combine what searches tried by equation 1, whatever their points stand for.

    Args:
        searches: the points of each, best first.
        base: how much more the better ones weigh.
    """
    means = [geometric_mean(points, rank_weights(len(points), base)) for points in searches]
    return geometric_mean(means, [1 / len(means)] * len(means))


def _usable(entrant: Entrant, at: Setting) -> list[SearchRecord]:
    return [item for item in at.searches if _is_for(entrant, item) and item.over and item.complete]


def _is_for(entrant: Entrant, item: SearchRecord) -> bool:
    """Whether a search is one for such rates."""
    spec = item.study.spec
    return (spec.method, spec.search.searched_stages) == (
        searched_method(entrant),
        searched_stages(entrant),
    )


def _is_on(sequence: Sequence[str], item: SearchRecord) -> bool:
    return item.study.spec.sequence == tuple(sequence)


def _best(own: Sequence[SearchRecord]) -> RunRecord:
    """Return the best trial of several searches by its mean p; the earliest one where they tie."""
    return max(own, key=lambda item: item.best_mean_p or 0.0).complete[0]


def _point(trial: RunRecord) -> Point:
    """Return what a trial tried: ``lr``, or ``lr`` and ``decay``, or one rate per choice."""
    options = trial.spec.options
    if options:
        return tuple(float(options[name]) for name in ("lr", "decay") if name in options)
    return trial.learning_rates or ()


def _of_point(
    entrant: Entrant, point: Point, at: Setting, first_lr: float | None, *, source: Source
) -> Rates:
    """Return what an entrant learns with at a point of the space that was searched for it."""
    match searched_method(entrant):
        case "flat":
            return Rates(options={"lr": point[0]}, first_lr=first_lr, source=source)
        case "llrd" if entrant.method == "llrd":
            return Rates(options={"lr": point[0], "decay": point[1]}, source=source)
        case "llrd":
            lr, decay = point
            return Rates(learning_rates=llrd_rates(lr, decay, at.grouping()), source=source)
        case _:
            return Rates(learning_rates=tuple(point), first_lr=first_lr, source=source)


def _published_instead(entrant: Entrant, sequence: Sequence[str]) -> Profile | None:
    """Return what the authors published where it may stand in for what was not searched here."""
    if entrant.rates == COMBINED:
        return published_profile()
    return searched_profile(sequence_name(sequence)) if entrant.rates == BERTCL else None


def _why_none(entrant: Entrant, at: Setting) -> str:
    if entrant.rates in _OF_ONE_SEQUENCE:
        return "not searched here"
    if any(_is_for(entrant, item) and item.over for item in at.searches):
        return "no trial of its search came to its end"
    return "nothing searched yet"


def _carried(profile: Profile, at: Setting, *, published: bool = False) -> Rates:
    """Return a profile's rates, carried over to the depth and grouping that are learnt with."""
    source = replace(source_of_profile(profile, at.searches), published=published)
    rates = transfer_rates(profile.learning_rates, profile.grouping, at.grouping())
    return Rates(learning_rates=rates, first_lr=profile.first_lr, source=source)


def source_of_profile(profile: Profile, searches: Sequence[SearchRecord]) -> Source:
    """Return where a profile is from, with what its trials cost where they are in the store."""
    shares = profile.combination.studies if profile.combination else ()
    source = _source([item for item in searches if any(_gave(item, share) for share in shares)])
    searched_on = tuple(dict.fromkeys((*profile.searched_on, *source.searched_on)))
    return replace(source, searched_on=searched_on, note=profile.name)


def _gave(item: SearchRecord, share: StudyShare) -> bool:
    """Whether a search has the very trials that a profile names.

    A trial may have had fewer seeds when the profile was made than it has by now.
    """
    known = {contender.number: _means(contender) for contender in item.contenders}
    named = [
        any(isclose(trial.p, mean) for mean in known.get(trial.number, ()))
        for trial in share.trials
    ]
    return item.study.is_called(share.study) and bool(named) and all(named)


def _means(contender: Contender) -> list[float]:
    """Return the mean p of a trial as it was with one seed, with two, and so on."""
    scores = contender.scores
    return [mean_of(scores[: seeds + 1]).p for seeds in range(len(scores))]


def _source(used: Sequence[SearchRecord]) -> Source:
    """Return these searches and what they brought along from earlier ones, each once."""
    own = [Tuning(study=item.name, sequence=item.sequence, epochs=item.epochs) for item in used]
    brought = [tuning for item in used for tuning in item.brought]
    tuned = {tuning.study: tuning for tuning in (*own, *brought)}.values()
    return Source(
        tuned=tuple(tuned), searched_on=tuple(dict.fromkeys(tuning.sequence for tuning in tuned))
    )
