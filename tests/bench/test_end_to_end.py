"""The wait for a profile that holds: what is made of what both sides did."""

import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from bench.end_to_end import Record, Round, figures_of, record_rounds, tiny_setting
from bench.results import origin_here
from bench.sides import Best, Search, Setting, bests_by_hand, search_in, write_rows
from engine.errors import UsageError
from engine.spec import StudySpec
from engine.store.connection import open_store
from engine.store.run_states import claim_run, create_run, finish_run
from engine.store.runs import Scores, get_run
from engine.store.studies import create_study
from engine.store.workers import WorkerIdentity, register_worker

SETTING = Setting()
CHOICES = 8


def search(*bests: tuple[float, float], seconds: float = 100.0) -> Search:
    """A search whose best had from each of these seconds on a profile of this rate."""
    return Search(
        seconds=seconds,
        trials=10,
        bests=[
            Best(seconds=at, spec=SETTING.run([rate] * CHOICES), searched=1.0) for at, rate in bests
        ],
    )


def over(ours: Search, by_hand: Search, confirmed: dict[float, Sequence[float]]) -> Round:
    rates = {rate: search((0, rate)).bests[0].rates for rate in confirmed}
    return Round(
        origin=origin_here(),
        ours=ours,
        by_hand=by_hand,
        confirmed={rates[rate]: list(found) for rate, found in confirmed.items()},
    )


def test_what_counts_is_when_the_best_was_as_good_as_theirs_once_confirmed() -> None:
    both = over(
        search((5.0, 1e-4), (20.0, 2e-5), (40.0, 1e-5)),
        search((10.0, 1e-4), (60.0, 3e-5), seconds=90.0),
        {1e-4: [1.2, 1.3], 3e-5: [1.4, 1.4], 2e-5: [1.3, 1.5], 1e-5: [1.1, 1.1]},
    )
    found = {each.what: each.middle for each in figures_of(Record(setting=SETTING, rounds=[both]))}
    assert found["p to reach"] == pytest.approx(1.4)
    assert (found["by hand, s to it"], found["ours, s to it"]) == (60.0, 20.0)
    assert found["ratio"] == pytest.approx(3.0)
    assert found["ours, p in the end"] == pytest.approx(1.1)
    assert found["ours, trials/min"] == pytest.approx(6.0)


def test_random_proposals_are_held_against_the_same_script() -> None:
    both = over(
        search((5.0, 1e-4), (20.0, 2e-5)),
        search((60.0, 3e-5), seconds=90.0),
        {1e-4: [1.2], 3e-5: [1.4], 2e-5: [1.4]},
    )
    without = figures_of(Record(setting=SETTING, rounds=[both]))
    assert not [each for each in without if "random" in each.what]
    both = replace(both, at_random=search((30.0, 2e-5)))
    found = {each.what: each.middle for each in figures_of(Record(setting=SETTING, rounds=[both]))}
    assert (found["ours, s to it"], found["at random, s to it"]) == (20.0, 30.0)
    assert found["at random reached it"] == 1.0
    assert found["at random, p in the end"] == pytest.approx(1.4)


def test_who_never_gets_there_has_no_ratio() -> None:
    both = over(search((5.0, 1e-4)), search((10.0, 2e-5)), {1e-4: [1.2], 2e-5: [1.3]})
    found = {each.what: each.middle for each in figures_of(Record(setting=SETTING, rounds=[both]))}
    assert (found["ours reached it"], found["ratio"], found["ours, s to it"]) == (0.0, 0.0, 100.0)


def test_a_round_that_is_not_confirmed_does_not_count() -> None:
    begun = over(search((5.0, 1e-4)), search((10.0, 2e-5)), {1e-4: [1.2]})
    assert list(begun.to_confirm) == [search((0, 2e-5)).bests[0].rates]
    assert figures_of(Record(setting=SETTING, rounds=[begun])) == []


def test_what_is_kept_is_not_done_again_and_other_options_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    both = over(search((5.0, 1e-4)), search((10.0, 1e-4)), {1e-4: [1.2]})
    with tiny_setting() as setting:
        path.write_bytes(msgspec.json.encode(Record(setting=setting, rounds=[both])))
        assert record_rounds(setting, 1, path).rounds == [both]
        with pytest.raises(UsageError, match="rounds of other options"):
            record_rounds(replace(setting, trials=9), 1, path)


def test_a_search_of_ours_takes_for_its_best_what_its_races_leave(tmp_path: Path) -> None:
    with closing(open_store(str(tmp_path / "studies.db"))) as store:
        spec = StudySpec(name="raced", sequence=("sst2", "mrpc"), data="hub", model="bert")
        study_id = create_study(store, spec)
        worker = register_worker(
            store,
            WorkerIdentity(host="here", pid=1, process_start=1.0),
            device="cpu",
            threads=1,
            log_file=None,
        )

        def done(run_id: int, p: float) -> int:
            claimed = claim_run(store, worker, threads=1)
            assert claimed is not None
            assert claimed.id == run_id
            finish_run(store, run_id, worker, state="complete", scores=Scores(p_o=p, p_s=0.5))
            return run_id

        def tried(number: int, p: float) -> int:
            made = spec.trial(number, (1e-5 * (number + 1),) * 2)
            return done(create_run(store, made, study_id=study_id, number=number), p)

        def raced(trial: int, seed: int, p: float) -> None:
            made = replace(get_run(store, trial).spec, seed=seed)
            done(create_run(store, made, study_id=study_id, races=trial), p)

        sound, lucky = tried(0, 0.6), tried(1, 0.9)
        tried(2, 0.5)
        for seed, (of_sound, of_lucky) in enumerate([(0.6, 0.5), (0.6, 0.2)], start=1):
            raced(sound, seed, of_sound)
            raced(lucky, seed, of_lucky)
        found = search_in(store, began=0.0)
    assert found.trials == 3
    assert [best.rates for best in found.bests] == ["1e-05 1e-05", "2e-05 2e-05", "1e-05 1e-05"]
    assert [best.seconds for best in found.bests] == sorted(best.seconds for best in found.bests)


@pytest.mark.long
def test_the_script_searches_and_tells_of_its_trials(tmp_path: Path) -> None:
    from bench import by_hand

    log = tmp_path / "log.jsonl"
    by_hand.quieten()
    with tiny_setting() as setting:
        by_hand.search(
            write_rows(setting, tmp_path / "rows"),
            setting.tasks,
            setting.model,
            trials=2,
            epochs=1,
            batch_size=8,
            max_length=64,
            bounds=(1e-6, 1e-2),
            seed=1,
            device="cpu",
            log=log,
        )
    trials = [json.loads(line) for line in log.read_text().splitlines()]
    assert [trial["state"] for trial in trials] == ["complete"] * 2
    assert trials[0]["rates"] == [by_hand.FIRST_GUESS] * 4
    assert len({tuple(trial["rates"]) for trial in trials}) == 2
    bests = list(bests_by_hand(setting, trials, began=trials[0]["at"] - 2.0))
    assert bests[0].seconds == pytest.approx(2.0)
    assert [best.searched for best in bests] == sorted({best.searched for best in bests})
