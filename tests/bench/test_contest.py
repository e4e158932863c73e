"""The contest between searches, on a ground where every number can be said beforehand."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from bench.contest import Contestant, Pausing, Trace, replay
from bench.contestants import CONTESTANTS
from bench.landscape import DONE, Earlier, Outcome, Synthetic, make_landscape
from bench.search import difference, first_at, gain_by, read, regrets, slim, write
from engine.profiles.grouping import make_grouping
from engine.spec.search import Pruner


class Plain:
    """p is the first rate in decades, without noise; the best of all collapses."""

    grouping = make_grouping("paper", 2)
    hidden_size = 384
    optimum = 1.0

    def expect(self, rates: tuple[float, ...]) -> float:
        return float(np.log10(rates[0]) + 7) / 4

    def run(self, rates: tuple[float, ...], draw: np.random.Generator) -> Outcome:
        p = self.expect(rates)
        if p > 0.9:
            return Outcome((p,), None)
        return Outcome(tuple(done * p for done in DONE), p)

    def earlier(self) -> Sequence[Earlier]:
        bad, good, collapsed = ((10.0**decade, 1e-5, 1e-5, 1e-5) for decade in (-6, -4, -3))
        return [Earlier("another", ((bad, 0.2), (good, 0.7), (collapsed, None)))]


def test_what_looked_best_counts_by_what_it_is_worth() -> None:
    trace = Trace()
    for epochs, measured, true in ((4, 0.5, 0.5), (8, 0.9, 0.4), (12, 0.8, 0.8)):
        trace.end(epochs, measured, true)
    assert trace.found(3.9) is None
    assert [trace.found(epochs) for epochs in (4, 8, 12)] == [0.5, 0.4, 0.4]
    assert regrets([trace, Trace()], [1.0, 1.0], 12) == pytest.approx([0.6, 0.3])
    assert difference([trace], [Trace()], [1.0], 12) == pytest.approx([0.3])


def test_a_goal_is_reached_where_it_is_kept() -> None:
    better, worse = Trace(), Trace()
    better.end(4, 0.5, 0.9)
    worse.end(4, 0.5, 0.9)
    worse.end(8, 0.6, 0.1)
    worse.end(12, 0.7, 0.95)
    assert first_at([better], [1.0], 0.1, 16) == "4"
    assert first_at([worse], [1.0], 0.1 + 1e-9, 16) == "12"
    assert first_at([worse], [1.0], 0.01, 16) == "–"


def test_a_search_has_so_much_of_its_gain_by_then() -> None:
    trace = Trace()
    for epochs, p in ((4, 0.2), (40, 0.8), (400, 1.0)):
        trace.end(epochs, p, p)
    assert gain_by([trace], [1.0], 40, 400) == "75%"
    assert gain_by([trace], [1.0], 40, 40) == "–"  # it did not go on
    trace.end(404, 2.0, 0.1)
    assert gain_by([trace], [1.0], 40, 404) == "–"  # luck took what was gained


def test_a_whole_trial_costs_four_epochs_and_a_collapsed_one_what_it_took() -> None:
    trace = replay(Contestant("random", starts=False), Plain(), 0, 160)
    steps = np.diff([0, *trace.epochs])
    assert set(np.round(steps % 4, 6)) == {0, 3}  # 3: one collapsed, seen at its second report
    assert trace.epochs[-1] >= 150


@pytest.mark.parametrize("pruner", ["percentile", "asha", "hyperband"])
def test_the_products_pruners_spare_epochs(pruner: Pruner) -> None:
    whole = replay(Contestant("whole", starts=False), Plain(), 1, 120)
    pruned = replay(Contestant("pruned", pruner=pruner, starts=False), Plain(), 1, 120)
    gaps = np.diff([0, *pruned.epochs])
    assert max(gaps) > 4
    assert max(pruned.true) >= max(whole.true)


def test_paused_trials_go_on_when_they_are_among_the_best() -> None:
    ground = Plain()
    rates = iter([(10.0**decade, 1e-5, 1e-5, 1e-5) for decade in (-6, -4, -5, -3)])
    top = Pausing("top-k", ground, rates, 0).go(13)
    # one epoch of the last stage each, then the next: the first three are the best three so far
    assert top.epochs == [4, 8, 12]
    rates = iter([(10.0**decade, 1e-5, 1e-5, 1e-5) for decade in (-6, -4, -5.5, -5) * 4])
    halved = Pausing("asha", ground, rates, 0).go(20)
    # 2.5 epochs each for two, the better one half an epoch on; then one more of another two
    assert halved.epochs[0] == pytest.approx(2.5 * 4 + 0.5 * 2 + 1)
    assert halved.true[0] == pytest.approx(0.75)


def test_pasha_opens_the_last_rung_only_where_the_order_changes() -> None:
    rates = iter([(10.0 ** (-3.5 - number / 10), 1e-5, 1e-5, 1e-5) for number in range(30)])
    assert Pausing("pasha", Plain(), rates, 0).go(40).epochs == []


class Lucky(Plain):
    """Its p owes more to luck than to rates, and it knows how often it was asked."""

    asked = 0

    def run(self, rates: tuple[float, ...], draw: np.random.Generator) -> Outcome:
        self.asked += 1
        p = self.expect(rates) + float(draw.normal(0, 0.3))
        return Outcome(tuple(done * p for done in DONE), p)


def test_races_find_out_luck_and_are_paid_for() -> None:
    plain, raced = (Contestant("random", starts=False, raced=each) for each in (False, True))
    grounds = [Lucky() for _ in range(20)]
    found = [replay(raced, ground, seed, 200).found(200) for seed, ground in enumerate(grounds)]
    by_luck = [replay(plain, Lucky(), seed, 200).found(200) for seed in range(20)]
    assert np.mean(found) > np.mean(by_luck) + 0.05
    assert all(50 <= ground.asked <= 50 + 3 for ground in grounds), "a race costs what a trial does"


def test_earlier_searches_are_told_to_those_that_ask() -> None:
    told = Contestant("told", "tpe", told=True)
    assert max(replay(told, Plain(), 0, 12).true) == pytest.approx(0.75)
    for name in ("tpe, percentile, trials of earlier", "smooth, percentile, trials of earlier"):
        assert replay(CONTESTANTS[name], Plain(), 0, 50).found(50) is not None


def test_every_contestant_can_be_replayed_and_kept(tmp_path: Path) -> None:
    ground = Synthetic(make_landscape(0), 0)
    path = tmp_path / "search.json"
    quick = [name for name in CONTESTANTS if name not in {"gp", "AutoSampler's rule"}]
    results = {("synthetic", name): [replay(CONTESTANTS[name], ground, 0, 8)] for name in quick}
    write(path, results)
    kept = read(path)
    for key, (trace,) in results.items():
        assert vars(kept[key][0]) == slim(trace)
        assert (kept[key][0].found(8) is None) == (trace.found(8) is None)
