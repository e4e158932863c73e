from math import isnan, nan

from hypothesis import given
from hypothesis import strategies as st

from bertcl_tui.charts.glyphs import min_max


def test_few_points_stay() -> None:
    assert min_max([1, 2, 3], [4, nan, 6], 4)[0] == [1, 2, 3]


def test_a_peak_of_one_point_survives() -> None:
    ys = [0.0] * 1000
    ys[637] = 1.0
    xs, kept = min_max(range(1000), ys, 20)
    assert len(kept) <= 20
    assert xs[kept.index(1.0)] == 637


def test_ends_stay() -> None:
    xs, ys = min_max(range(500), [0.001 * x for x in range(500)], 10)
    assert (xs[0], xs[-1]) == (0, 499)
    assert (ys[0], ys[-1]) == (0.0, 0.499)


def test_a_long_gap_stays_a_gap() -> None:
    ys = [0.5] * 100 + [nan] * 100 + [0.7] * 100
    _, kept = min_max(range(300), ys, 30)
    assert any(map(isnan, kept))


@given(ys=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=400), most=st.integers(4, 100))
def test_extremes_and_order_stay(ys: list[float], most: int) -> None:
    xs, kept = min_max(range(len(ys)), ys, most)
    assert len(kept) <= max(most, 4)
    assert (min(kept), max(kept)) == (min(ys), max(ys))
    assert xs == sorted(set(xs))
    assert all(ys[x] == y for x, y in zip(xs, kept, strict=True))
