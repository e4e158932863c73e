"""The example notebook, run from its first cell to its last."""

from pathlib import Path

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell

from tests.tiny import tiny_tasks

NOTEBOOK = Path(__file__).parents[2] / "examples/forgetting.ipynb"


def test_the_example_runs(backbone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BERTCL_SEQUENCE", "mood:topic")
    monkeypatch.setenv("BERTCL_DATA", str(tiny_tasks(tmp_path / "tasks")))
    monkeypatch.setenv("BERTCL_MODEL", str(backbone))
    monkeypatch.setenv("MPLBACKEND", "agg")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(not cell.outputs for cell in cells)
    shell = InteractiveShell()  # what a kernel has around its cells
    results = []
    for cell in cells:
        ran = shell.run_cell(cell.source)
        ran.raise_error()
        results.append(ran.result)
    assert any("complete" in str(result) for result in results)
    assert results[-2][0][0] == "embeddings"
    assert results[-1][0][:2] == ("mood:topic", True)
