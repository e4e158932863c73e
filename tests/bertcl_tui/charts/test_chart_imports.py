"""What the charts load, seen from a fresh interpreter."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.process


def loaded(module: str) -> set[str]:
    code = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in done.stdout.split()}


def test_charts_know_no_screen_and_no_engine() -> None:
    modules = ("curve", "rates", "scatter", "glyphs")
    names = loaded(", ".join(f"bertcl_tui.charts.{module}" for module in modules))
    assert not names & {"textual", "engine", "torch", "numpy", "optuna", "sqlalchemy"}
    assert "plotext" in names


def test_tables_do_not_wait_for_plotext() -> None:
    names = loaded("bertcl_tui.charts.glyphs, bertcl_tui.charts.rates")
    assert "plotext" not in names
