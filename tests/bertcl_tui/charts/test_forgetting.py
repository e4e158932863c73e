"""What curves say of earlier tasks, computed by hand."""

import pytest
from msgspec.structs import replace

from bertcl_tui.charts.forgetting import (
    Forgetting,
    Known,
    Line,
    ends_of_earlier,
    known_now,
    known_of_earlier,
    measured_on,
    read_by,
    shares_of,
)
from bertcl_tui.charts.style import DARK
from bertcl_tui.store.trial_rows import Curve, RunCurves, Stage


def _run(*tasks: tuple[tuple[int, ...], tuple[float, ...]], stages: int) -> RunCurves:
    return RunCurves(
        run_id=1,
        number=0,
        stages=tuple(
            Stage(task=f"task{index}", first_step=10 * index, last_step=10 * (index + 1))
            for index in range(stages)
        ),
        curves=tuple(
            Curve(task=task, steps=steps, accuracies=accuracies)
            for task, (steps, accuracies) in enumerate(tasks)
        ),
    )


def test_of_a_pair_it_is_the_first_task_from_its_end_on() -> None:
    run = _run(((5, 10, 15, 20), (0.6, 0.8, 0.7, 0.65)), ((15, 20), (0.5, 0.6)), stages=2)
    assert known_of_earlier(run) == ((0, 5, 10), (0.8, 0.7, 0.65))
    known = known_now(run)
    assert (known.p_o, known.p_s, known.p_o_before) == (0.65, 0.6, 0.8)
    assert known.forgetting == pytest.approx(0.15)
    assert known.bwt == pytest.approx(-0.15)


def test_of_three_tasks_it_is_the_mean_of_those_learnt_before() -> None:
    run = _run(
        ((10, 15, 20, 25), (0.8, 0.8, 0.6, 0.5)),
        ((15, 20, 25), (0.2, 0.9, 0.7)),
        ((25,), (0.4,)),
        stages=3,
    )
    steps, accuracies = known_of_earlier(run)
    assert steps == (0, 5, 10, 15)
    assert [round(value, 6) for value in accuracies] == [0.8, 0.8, 0.75, 0.6]
    known = known_now(run)
    assert (known.p_o, known.p_s) == (accuracies[-1], 0.4)
    assert known.p_o_before == pytest.approx(0.85), "0.8 after stage 1, 0.9 after stage 2"
    assert known.bwt == pytest.approx(-0.25)
    assert known.forgetting is None, "a later stage may have been a task's best"


def test_what_a_stage_ends_with_on_all_rows_is_a_point_of_its_own_and_no_part_of_what_is_lost() -> (
    None
):
    run = _run(((10, 15, 20), (0.625, 0.5, 0.375)), ((15, 20), (0.5, 0.6)), stages=2)
    first, second = run.curves
    ends = ((10, 0.575), (20, 0.575))
    run = replace(run, curves=(replace(first, ends=ends), replace(second, ends=((20, 0.65),))))
    assert known_of_earlier(run) == ((0, 5, 10), (0.625, 0.5, 0.375))
    assert ends_of_earlier(run) == ((0, 10), (0.575, 0.575))
    assert known_now(run).forgetting == pytest.approx(0.25), "both on the rows of the curve"
    text = Forgetting((Line("#3", run, "bright"),)).draw((60, 14), DARK).plain
    rows = text.split("\n")
    row = next(row for row in rows if "#3" in row)
    assert row.endswith("● #3 0.575")
    assert row.count("●") == 3, "where either stage ended, and beside the name"
    lowest = [row for row in rows if any("⠀" < character <= "⣿" for character in row)][-1]
    assert lowest.rstrip()[-1] > "⠀", "the line ends below, and goes nowhere from there"


def test_in_the_first_stage_nothing_is_earlier() -> None:
    run = _run(((5,), (0.6,)), stages=2)
    assert known_of_earlier(run) == ((), ())
    known = known_now(run)
    assert known == Known(p_o=None, p_s=None)


def test_a_run_without_a_plan_has_no_curve() -> None:
    assert known_of_earlier(_run(stages=0)) == ((), ())


def test_it_says_on_how_many_rows_the_curves_are_as_far_as_that_is_known() -> None:
    older = _run(((5,), (0.6,)), stages=2)
    newer = replace(older, stages=tuple(replace(each, followed=32) for each in older.stages))
    assert "up to 32 rows" in measured_on([newer], 96)
    assert "up to 96 rows" in measured_on([newer, older], 96)
    assert "up to 1,024 rows" in measured_on([], 1024)


def test_it_says_what_one_row_is_worth_where_the_score_is_a_share_of_rows() -> None:
    run = _run(((5,), (0.6,)), stages=2)
    assert read_by([run], 250) == "on 250 rows (one 0.004, faint 95 %), ends on all"
    assert read_by([replace(run, score="macro-f1")], 250) == "on 250 rows, ends on all"
    assert shares_of(replace(run, score="macro-f1"), 250) == 0
    assert read_by([], 250) == ""
