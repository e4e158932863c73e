"""Means of lines with their bands, computed by hand, and how a chart tells them."""

from math import sqrt

import pytest
from msgspec.structs import replace

from bertcl_tui.charts.curve import picture_curves
from bertcl_tui.charts.forgetting import Forgetting, Line, ends_of_earlier, known_of_earlier
from bertcl_tui.charts.groups import Groups, Mean, as_one, mean_of
from bertcl_tui.charts.series import Curves, Series
from bertcl_tui.charts.style import DARK
from bertcl_tui.store.trial_rows import Curve, RunCurves, Stage

BY_PROFILE = Groups(by="profile")


def _run(*accuracies: float) -> RunCurves:
    """Return a pair's run with these accuracies on its first task, at 10, 15, 20 of 20 steps."""
    return RunCurves(
        run_id=1,
        number=0,
        stages=(
            Stage(task="a", first_step=0, last_step=10),
            Stage(task="b", first_step=10, last_step=20),
        ),
        curves=(Curve(task=0, steps=(10, 15, 20)[: len(accuracies)], accuracies=accuracies),),
    )


def _as_one(*runs: RunCurves) -> Series:
    lines, ends = ([of(run) for run in runs] for of in (known_of_earlier, ends_of_earlier))
    return as_one("#3", runs, lines, ends, BY_PROFILE)


def test_on_one_grid_it_is_the_mean_of_each_step_with_the_deviation_of_a_sample() -> None:
    mean = mean_of([((0, 5), (0.8, 0.6)), ((0, 5), (0.7, 0.6)), ((0, 5), (0.6, 0.6))], "sd")
    assert mean.xs == (0, 5)
    assert mean.ys == pytest.approx((0.7, 0.6))
    assert mean.high == pytest.approx((0.8, 0.6))
    assert mean.low == pytest.approx((0.6, 0.6))


def test_between_its_steps_a_line_is_straight_and_beyond_them_it_is_not_known() -> None:
    mean = mean_of([((0, 10, 20), (0.8, 0.6, 0.4)), ((5, 15), (0.5, 0.5))], "min–max")
    assert mean.xs == (5, 10, 15)
    assert mean.ys == pytest.approx(((0.7 + 0.5) / 2, (0.6 + 0.5) / 2, 0.5))
    assert mean.low == pytest.approx((0.5, 0.5, 0.5))
    assert mean.high == pytest.approx((0.7, 0.6, 0.5))


def test_lines_that_never_meet_have_no_mean_and_one_alone_has_no_band() -> None:
    assert mean_of([((0, 5), (0.8, 0.6)), ((6, 9), (0.7, 0.6))], "sd").xs == ()
    assert mean_of([((0, 5), (0.8, 0.6)), ((), ())], "sd") == Mean(xs=(0, 5), ys=(0.8, 0.6))
    assert mean_of([], "sd") == Mean()


def test_a_run_that_is_not_over_does_not_end_the_mean_and_is_counted() -> None:
    runs = (_run(0.8, 0.7, 0.6), _run(0.8, 0.5, 0.4), _run(0.8, 0.1))
    line = _as_one(*runs)
    assert (line.name, line.count) == ("#3", "n=2 of 3")
    assert line.xs == (0, 5, 10)
    assert line.ys == pytest.approx((0.8, 0.6, 0.5))
    going = _as_one(runs[2])
    assert (going.count, going.ys) == ("n=1", (0.8, 0.1))


def test_the_end_of_a_group_tells_mean_and_spread() -> None:
    line = Line("#3", _run(0.8, 0.7, 0.6), "bright", others=(_run(0.8, 0.5, 0.4),))
    drawn = Forgetting((line,), groups=BY_PROFILE).draw((80, 16), DARK).plain
    assert f"#3 0.500 ±{0.1 * sqrt(2):.3f} n=2" in drawn
    lowest = Forgetting((line,), groups=BY_PROFILE.turned()).draw((80, 16), DARK).plain
    assert "#3 0.500 [0.400, 0.600] n=2" in lowest


def test_the_end_of_a_group_on_all_rows_has_a_mean_and_a_spread_of_its_own() -> None:
    runs = [_run(0.8, 0.7, 0.6), _run(0.8, 0.5, 0.4)]
    for place, last in enumerate((0.7, 0.74)):
        curve = replace(runs[place].curves[0], ends=((10, 0.9), (20, last)))
        runs[place] = replace(runs[place], curves=(curve,))
    line = _as_one(*runs)
    assert line.ys == pytest.approx((0.8, 0.6, 0.5))
    assert line.points() == [(0, pytest.approx(0.9)), (10, pytest.approx(0.72))]
    drawn = Forgetting((Line("#3", runs[0], "bright", others=(runs[1],)),), groups=BY_PROFILE)
    assert "#3 0.720 ±0.028 n=2" in drawn.draw((80, 16), DARK).plain


def test_a_zoomed_band_is_the_part_of_the_whole_one() -> None:
    mean = mean_of([((0, 10), (0.8, 0.4)), ((0, 10), (0.6, 0.2))], "min–max")
    line = Series(name="m", xs=mean.xs, ys=mean.ys, low=mean.low, high=mean.high)
    part = line.through((2.5, 7.5), (0.6, 0.4))
    assert part.low == pytest.approx((0.5, 0.3))
    assert part.high == pytest.approx((0.7, 0.5))


def test_bands_that_overlap_are_both_seen() -> None:
    wide = Series(name="a", xs=(0, 9), ys=(0.5, 0.5), low=(0.2, 0.2), high=(0.8, 0.8))
    other = replace(wide, name="b", ys=(0.55, 0.55))
    text = picture_curves(Curves(series=(wide, other), x_label="step"), (70, 20), DARK).text
    styles = {str(span.style) for span in text.spans}
    assert {f"dim {DARK.series[0]}", f"dim {DARK.series[1]}"} <= styles


def test_a_key_goes_round_and_a_title_says_what_is_drawn() -> None:
    told = [groups.told for groups in _round(Groups())]
    assert told == ["Mean ± sd by profile", "Mean ± sd by method", "Mean ± sd by seed", ""]
    assert BY_PROFILE.turned().told == "Mean, min–max by profile"


def _round(groups: Groups) -> list[Groups]:
    found = [groups.next()]
    while found[-1].by != groups.by:
        found.append(found[-1].next())
    return found
