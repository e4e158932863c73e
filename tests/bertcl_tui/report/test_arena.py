"""The report of the arena: its tables as its screen has them, and the differences behind them."""

from collections.abc import Iterator
from pathlib import Path
from statistics import fmean

import pytest

from bertcl_tui.arena.look import Question, look_at_arena
from bertcl_tui.report.arena import write_arena_report
from bertcl_tui.store.reader import Reader
from engine.arena import legend
from engine.arena.measuring import P, mean_gain
from engine.errors import UsageError
from tests.bertcl_tui.report.pages import Page, values
from tests.recorded_arena import copy_with_arena


@pytest.fixture(scope="module")
def arena_reader(
    arena_recording: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Reader]:
    """Return a reader of an arena that nobody writes to."""
    reader = Reader(str(copy_with_arena(arena_recording, tmp_path_factory.mktemp("arena"))))
    yield reader
    reader.close()


@pytest.fixture(scope="module")
def page(arena_reader: Reader, tmp_path_factory: pytest.TempPathFactory) -> Page:
    out = tmp_path_factory.mktemp("report") / "arena.html"
    assert write_arena_report(arena_reader, out) == out.stat().st_size
    return Page(out)


def test_its_numbers_and_legend_are_those_of_the_screen(page: Page, arena_reader: Reader) -> None:
    for measure in ("", "p", "forgetting"):
        look = look_at_arena(arena_reader, Question(measure=measure))
        assert look is not None
        for row in look.table.rows:
            assert row.title in page.texts
        for value in look.table.values():
            if value.mean is not None:
                assert legend.number(value.mean) in page.texts
        for sentence in legend.caption(look.table):
            assert sentence in page.text


def test_its_chart_has_the_differences_to_flat(page: Page, arena_reader: Reader) -> None:
    (chart,) = page.charts
    assert page.places() == [chart]
    look = look_at_arena(arena_reader, Question())
    assert look is not None
    drawn = {
        (each["method"], each["column"]): each
        for each in values(page.charts[chart])
        if "method" in each
    }
    titles = {entrant.title: entrant.name for entrant in look.layout.entrants}
    sequences = {column.name: column.sequence for column in look.layout.columns}
    assert drawn
    for (method, column), each in drawn.items():
        one, flat = (
            {
                seed: P.of(ends, len(sequences[column]), 0) or 0.0
                for seed, ends in look.recorded.results.cells[
                    name, sequences[column]
                ].accuracies.items()
            }
            for name in (titles[method], titles[look.table.reference])
        )
        gain = mean_gain(one, flat)
        assert gain is not None
        assert each["difference"] == pytest.approx(gain, abs=1e-5)
        assert fmean([each["low"], each["high"]]) == pytest.approx(gain, abs=1e-4)
    assert set(page.chips(chart).values()) == {True}


def test_the_headline_comes_first_as_a_picture_and_a_table(
    page: Page, arena_reader: Reader
) -> None:
    look = look_at_arena(arena_reader, Question())
    assert look is not None
    assert look.table.headline is not None
    for each in look.table.headline.effects:
        assert set(legend.headline_cells(each)) <= set(page.texts)
    for sentence in legend.headline_caption(look.table):
        assert sentence in page.text


def test_every_row_can_be_had_again(page: Page, arena_reader: Reader) -> None:
    look = look_at_arena(arena_reader, Question())
    assert look is not None
    assert "bertcl-tui arena --sequences" in page.text
    for entrant in look.layout.entrants:
        assert f"--methods {entrant.name}" in page.whole.replace("&#39;", "")
    for found in look.recorded.results.cells.values():
        for run in found.runs:
            assert str(run.spec.seed) in page.text


def test_without_a_run_of_the_arena_there_is_no_report(reader: Reader, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the store has no run of the arena; ask for some with"):
        write_arena_report(reader, tmp_path / "arena.html")
    assert not (tmp_path / "arena.html").exists()
