"""The report of a study: what it says is what the store has, and it is whole and harmless."""

import json
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import insert, select

from bertcl_tui.report.facts import MOST_CLASSES
from bertcl_tui.report.page import report_file
from bertcl_tui.report.sheets import importance_sheet
from bertcl_tui.report.study import MOST_CURVES, MOST_LISTED, look_for_report
from bertcl_tui.report.writing import write_study_report
from bertcl_tui.store.reader import Reader
from bertcl_tui.store.trial_rows import ImportanceRow
from bertcl_tui.study.baseline import flat_baseline
from engine.errors import UsageError
from engine.spec import StudySpec
from engine.store.connection import Store, open_store
from engine.store.run_states import claim_run, create_run, finish_run
from engine.store.runs import Scores
from engine.store.schema import confusion, run
from engine.store.studies import create_study, get_study
from engine.store.workers import register_worker
from engine.work.processes import identity_of
from tests.bertcl_tui.report.pages import Page, values
from tests.recorded import DONE, LIVE, PAUSED

MARKUP = "</script><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7 * 7 }}&"


def page_of(reader: Reader, name: str, folder: Path) -> Page:
    (study,) = (row for row in reader.studies() if row.name == name)
    out = folder / report_file(name)
    assert write_study_report(reader, study.id, out) == out.stat().st_size
    return Page(out)


@pytest.fixture(scope="module")
def recorded(recording: Path) -> Iterator[Reader]:
    """Return a reader of a store that nobody writes to."""
    with closing(Reader(str(recording))) as reader:
        yield reader


@pytest.fixture(scope="module")
def done(recorded: Reader, tmp_path_factory: pytest.TempPathFactory) -> Page:
    """Return the report of a study that is complete."""
    return page_of(recorded, DONE, tmp_path_factory.mktemp("done"))


@pytest.fixture
def other(store: Path) -> Iterator[Store]:
    with closing(open_store(str(store))) as opened:
        yield opened


def test_it_begins_with_the_best_trial_and_the_baseline_beside_it(
    recorded: Reader, done: Page
) -> None:
    (row,) = (row for row in recorded.studies() if row.name == DONE)
    flat = flat_baseline(recorded.scored(row.id))
    assert row.best is not None
    assert flat is not None
    assert f"complete trials is #{row.best.number}: p = {row.best.p:.3f}" in done.text
    assert f"{flat.label}, comes to p = {flat.p:.3f} with one seed" in done.text
    assert {f"#{row.best.number}, the best", f"#{flat.number}, flat baseline"} <= set(done.texts)


def test_it_tells_which_classes_the_best_trial_forgot(
    reader: Reader, other: Store, tmp_path: Path
) -> None:
    (row,) = (row for row in reader.studies() if row.name == DONE)
    assert row.best is not None
    (best,) = reader.chosen_trials(row.id, [row.best.number])
    labels = [f"class {number}" for number in range(MOST_CLASSES + 1)]
    cells = [[[right, right, 10] for right in range(len(labels))] for _ in range(2)]
    cells[1][7] = [7, 8, 10]
    with other.writing() as connection:
        for stage, each in enumerate(cells):
            key = {"run_id": best.run_id, "stage": stage, "task": 0}
            texts = {"labels": json.dumps(labels), "cells": json.dumps(each)}
            connection.execute(insert(confusion).values(**key, **texts))
    page = page_of(reader, DONE, tmp_path)
    assert f"the {MOST_CLASSES} most forgotten of {MOST_CLASSES + 1} classes" in page.text
    first = page.texts.index("class 7")
    told = ["class 7", "10", "1.000", "0.000", "1.000", "class 8 +10"]
    assert page.texts[first : first + len(told)] == told


def test_what_matters_is_told_of_every_choice_or_not_at_all(reader: Reader) -> None:
    (row,) = (row for row in reader.studies() if row.name == LIVE)
    look = look_for_report(reader, row.id)
    share = 1 / len(look.labels)
    weighed = ImportanceRow(
        evaluator="fanova", trials=24, weighed=24, shares=(share,) * len(look.labels)
    )
    told = importance_sheet(replace(look, importance=weighed))
    assert told is not None
    assert tuple(label for label, _, _ in told.rows) == look.labels
    lost = replace(look, importance=weighed, labels=look.labels[1:])
    assert importance_sheet(lost) is None


def test_every_chart_has_a_place_and_the_trials_of_the_store(
    reader: Reader, tmp_path: Path
) -> None:
    page = page_of(reader, LIVE, tmp_path)
    (row,) = (row for row in reader.studies() if row.name == LIVE)
    assert page.places() == ["forgetting", "rates", "plane"]
    assert page.charts.keys() == set(page.places())
    points = [value for value in values(page.charts["plane"]) if "trial" in value]
    assert {(each["trial"], each["p"]) for each in points} == {
        (str(each.number), round(each.p, 5)) for each in reader.scored(row.id)
    }
    on = {key for key, checked in page.chips("trials").items() if checked}
    assert on == {str(row.best.number if row.best else ""), "0", "30"}
    assert list(page.chips("tasks")) == LIVE.split(":")


def test_curves_are_those_of_the_store(recorded: Reader, done: Page) -> None:
    (row,) = (row for row in recorded.studies() if row.name == DONE)
    assert row.best is not None
    (trial,) = recorded.chosen_trials(row.id, [row.best.number])
    (found,) = recorded.curves([trial.run_id])
    start = found.stages[1].first_step
    learnt = found.curves[1]
    drawn = [
        (each["step"], each["accuracy"])
        for each in values(done.charts["forgetting"])
        if each.get("trial") == str(trial.number) and each["task"] == found.stages[1].task
    ]
    steps = [step - start for step in learnt.steps]
    assert drawn == list(zip(steps, learnt.accuracies, strict=True))


def test_it_says_every_switch_of_the_protocol_and_how_to_have_it_again(
    recorded: Reader, done: Page
) -> None:
    for name in get_study_spec(recorded, DONE).protocol.__struct_fields__:
        assert name.replace("_", " ") in done.texts
    assert f"bertcl-tui search {DONE} --trials 12" in done.text
    assert f"bertcl-tui report {DONE} --out" in done.text


def get_study_spec(reader: Reader, name: str) -> StudySpec:
    (row,) = (row for row in reader.studies() if row.name == name)
    record = reader.record(row.id)
    assert record is not None
    return record.spec


def test_a_study_without_a_trial_has_no_chart(recorded: Reader, tmp_path: Path) -> None:
    page = page_of(recorded, PAUSED, tmp_path)
    assert (page.places(), page.charts) == ([], {})
    assert "No trial yet." in page.text
    assert_nothing_is_elsewhere(page)


def test_nothing_in_it_is_elsewhere(done: Page) -> None:
    assert_nothing_is_elsewhere(done)


def assert_nothing_is_elsewhere(page: Page) -> None:
    named = [
        value
        for _, attributes in page.elements
        for attribute in ("src", "href", "data", "action", "srcset")
        if (value := attributes.get(attribute)) is not None
    ]
    assert named == ["data:,"]
    assert not re.search(
        r"@import|url\(", re.sub(r"<script.*?</script>", "", page.whole, flags=re.S)
    )
    (policy,) = (
        attributes["content"]
        for _, attributes in page.elements
        if attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy is not None
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe-eval" not in policy


def test_names_are_shown_as_they_are_written(reader: Reader, other: Store, tmp_path: Path) -> None:
    spec = StudySpec(name=MARKUP, sequence=(MARKUP, "b"), data=f"/{MARKUP}", model=f"/{MARKUP}")
    study = create_study(other, spec)
    worker = register_worker(other, identity_of(), device="cpu", threads=1, log_file=None)
    trial = get_study(other, study).spec.trial(0, (1e-5,) * 8)
    number = create_run(other, trial, study_id=study, number=0, label=MARKUP)
    claim_run(other, worker, threads=1)
    scores = Scores(p_o=0.7, p_s=0.6)
    finish_run(other, number, worker, state="complete", reason=MARKUP, scores=scores)
    page = page_of(reader, MARKUP, tmp_path)
    assert f"{MARKUP}:b" in page.text
    assert MARKUP in page.texts
    assert [tag for tag, _ in page.elements if tag == "img"] == []
    assert len(page.scripts) == 3
    assert MARKUP in str(page.charts["plane"])


def test_many_trials_make_no_large_file(
    reader: Reader, other: Store, store: Path, tmp_path: Path
) -> None:
    (row,) = (row for row in reader.studies() if row.name == DONE)
    with other.writing() as connection:
        query = select(run).where(run.c.study_id == row.id, run.c.state == "complete")
        like = dict(connection.execute(query).mappings().all()[0])
        del like["id"]
        more = [{**like, "number": number, "label": None} for number in range(100, 2_600)]
        for first in range(0, len(more), 1000):
            connection.execute(insert(run), more[first : first + 1000])
    page = page_of(reader, DONE, tmp_path)
    assert len(page.whole) < 10_000_000
    assert len(page.chips("trials")) == MOST_CURVES
    assert page.whole.count("<summary>run</summary>") == MOST_LISTED
    assert f"The table has {MOST_LISTED:,} of 2,512 trials" in page.text
    assert "The plane shows the best 2,000" in page.text


def test_a_file_that_is_no_page_is_refused(reader: Reader, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"a report is a page; end .*report\.pdf in \.html"):
        write_study_report(reader, 1, tmp_path / "report.pdf")
    assert list(tmp_path.glob("report.*")) == []


def test_what_is_missing_is_said_with_the_way_to_get_it(
    reader: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r'pip install "bertcl-tui\[report\]"$'):
        write_study_report(reader, 1, tmp_path / "report.html")
