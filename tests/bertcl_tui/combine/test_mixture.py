"""A mixture says which trials go in; the engine says what comes out."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from bertcl_tui.combine.mixture import HIGHEST_BASE, LOWEST_BASE, Mixture, read_mixture
from bertcl_tui.store.reader import Reader
from engine.errors import UsageError
from engine.profiles import combine
from engine.store.connection import open_store
from engine.store.runs import trials_of
from tests.recorded import copy_of, recorded_store

LIVE, DONE, PAUSED = 1, 2, 3


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return recorded_store(tmp_path_factory.mktemp("recorded") / "studies.db")


def read(store: Path, marked: dict[int, frozenset[int]]) -> Mixture:
    reader = Reader(str(store))
    mixture = read_mixture(reader, marked)
    reader.close()
    return mixture


def test_marked_trials_go_in_and_only_they(store: Path) -> None:
    combined = read(store, {LIVE: frozenset({1, 2, 9})}).combined()
    assert {trial.number for trial in combined.studies[0].trials} == {1, 2, 9}
    assert combined.base == 1.8


def test_nothing_marked_is_every_complete_trial(store: Path) -> None:
    opened = open_store(str(store))
    complete = {t.number for t in trials_of(opened, LIVE) if t.state == "complete"}
    opened.close()
    combined = read(store, {LIVE: frozenset()}).combined()
    assert {trial.number for trial in combined.studies[0].trials} == complete
    assert combined.left_out == ()


def test_rates_are_those_of_the_engine(store: Path) -> None:
    mixture = read(store, {LIVE: frozenset({1, 2, 9})}).turned(0.7)
    offer = mixture.sources[0].offer
    assert offer is not None
    chosen = tuple(trial for trial in offer.trials if trial.number in {1, 2, 9})
    of_engine = combine([replace(offer, trials=chosen)], 2.5)
    assert mixture.combined().learning_rates == of_engine.learning_rates


def test_a_collapsed_trial_is_left_out_with_its_reason(store: Path) -> None:
    (left_out,) = read(store, {LIVE: frozenset({1, 8})}).combined().left_out
    assert (left_out.number, left_out.reason) == (8, "collapsed")


def test_the_first_study_says_what_the_others_must_be_like(store: Path) -> None:
    marked = {LIVE: frozenset({1}), DONE: frozenset({1})}
    assert [r.study for r in read(store, marked).combined().refusals] == ["sst2:mrpc"]
    turned_round = dict(reversed(marked.items()))
    refusals = read(store, turned_round).combined().refusals
    assert [r.study for r in refusals] == ["rotten-tomatoes:privacy-qa"]


def test_a_study_goes_out_and_comes_back_as_it_was_marked(store: Path) -> None:
    mixture = read(store, {LIVE: frozenset({1, 2}), DONE: frozenset({1})})
    out = mixture.with_study_toggled(LIVE)
    assert [study.study for study in out.combined().studies] == ["sst2:mrpc"]
    assert out.with_study_toggled(LIVE) == mixture


def test_a_trial_goes_in_and_out(store: Path) -> None:
    mixture = read(store, {LIVE: frozenset({1, 2})})
    assert mixture.with_trial_toggled(LIVE, 9).taken[LIVE] == {1, 2, 9}
    assert mixture.with_trial_toggled(LIVE, 2).taken[LIVE] == {1}
    assert mixture.with_trial_toggled(LIVE, 2).with_trial_toggled(LIVE, 2) == mixture


def test_the_base_turns_between_its_stops(store: Path) -> None:
    mixture = read(store, {LIVE: frozenset({1})})
    assert mixture.turned(0.1).base == 1.9
    assert mixture.turned(-10).base == LOWEST_BASE
    assert mixture.turned(10).base == HIGHEST_BASE


def test_nothing_to_combine_is_said(store: Path) -> None:
    for mixture in (read(store, {}), read(store, {PAUSED: frozenset()})):
        with pytest.raises(UsageError, match="nothing to combine"):
            mixture.combined()


def test_a_study_of_unknown_depth_says_so(store: Path, tmp_path: Path) -> None:
    copy = copy_of(store, tmp_path)
    opened = open_store(str(copy))
    with opened.writing() as connection:
        connection.exec_driver_sql(
            "UPDATE cl_study SET spec = replace(spec, 'bert-base-uncased', 'nobody/has-this') "
            f"WHERE id = {DONE}"
        )
    opened.close()
    (source,) = read(copy, {DONE: frozenset()}).sources
    assert source.offer is None
    assert source.trouble is not None
    assert "nobody/has-this" in source.trouble


def test_a_deleted_study_is_gone(store: Path) -> None:
    assert read(store, {99: frozenset({1})}).sources == ()
