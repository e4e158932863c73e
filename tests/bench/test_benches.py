"""That every bench runs, with as little to do as it can have."""

from importlib import import_module

import pytest

from bench.__main__ import ALL, OTHERS, about

FIGURES_OF = {
    "asking": {"one more, ms", "the first, s"},
    "charts": {"ms"},
    "racing": {"off by", "true p lost"},
    "screen": {"ends, ms"},
    "search": {"regret, 40 epochs"},
    "stacked": {"ratio", "losses differ by"},
    "tables": {"shown, ms", "frozen, ms"},
    "training": {"ours, rows/s", "Trainer, rows/s", "ratio"},
}
LONG = {"asking", "racing", "stacked", "training"}
OF_PROCESSES = {"screen", "tables"}


def test_every_bench_is_tried() -> None:
    """``end_to_end`` has a file of its own."""
    assert {*ALL, *OTHERS} == {*FIGURES_OF, "end_to_end"}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            name,
            marks=[pytest.mark.long] * (name in LONG)
            + [pytest.mark.process] * (name in OF_PROCESSES),
        )
        for name in FIGURES_OF
    ],
)
def test_a_bench_runs(name: str) -> None:
    bench = import_module(f"bench.{name}")
    assert about(bench).count(".") == 1
    found = bench.measure(quick=True)
    assert {figure.what for figure in found} >= FIGURES_OF[name]
    assert all(figure.low <= figure.middle <= figure.high for figure in found)
