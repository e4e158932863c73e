"""That every bench runs, with as little to do as it can have."""

from importlib import import_module
from pathlib import Path

import pytest
import torch

from bench.__main__ import ALL, OTHERS, about
from bench.results import read_results

FIGURES_OF = {
    "asking": {"one more, ms", "the first, s"},
    "chance": {"% sign-flip test < .05", "% interval without 0"},
    "charts": {"ms"},
    "cluster": {"between trials, ms", "trials/s"},
    "racing": {"off by", "true p lost"},
    "screen": {"ends, ms"},
    "search": {"regret, 40 epochs"},
    "stacked": {"ratio", "losses differ by"},
    "step": {"share", "of a step of mood"},
    "tables": {"shown, ms", "frozen, ms"},
    "training": {"ours, rows/s", "Trainer, rows/s", "ratio"},
}
LONG = {"asking", "racing", "stacked", "step", "training"}
OF_PROCESSES = {"cluster", "screen", "tables"}


def test_every_bench_is_tried() -> None:
    """``end_to_end`` has a file of its own."""
    assert {*ALL, *OTHERS} == {*FIGURES_OF, "end_to_end", "gpu"}


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


@pytest.mark.long
def test_the_bench_of_a_gpu_runs_without_one(tmp_path: Path) -> None:
    from bench import gpu

    out = tmp_path / "gpu.json"
    gpu.main(device="cpu", quick=True, out=out)
    figures = read_results(out)["gpu"].figures
    found = {(figure.case, figure.what): figure.middle for figure in figures}
    assert found["5 steps in fp32", "losses differ by"] == 0.0
    learnt = "a small sequence, learnt to its end"
    assert found[learnt, "p on the device"] == found[learnt, "p on the CPU"] > 1.0
    for case in ("long rows, fp32", "2 at once, short rows, bf16"):
        assert found[case, "ratio"] > 0


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_where_there_is_no_gpu_its_bench_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    from bench import gpu

    with pytest.raises(SystemExit) as raised:
        gpu.main()
    assert raised.value.code == 2
    assert capsys.readouterr().err.splitlines() == [
        "there is no CUDA here; --device cpu --quick shows that it runs"
    ]
