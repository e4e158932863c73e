"""The example notebook, run from its first cell to its last by a real kernel."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.tiny import tiny_tasks

NOTEBOOK = Path(__file__).parents[2] / "examples/forgetting.ipynb"


@pytest.mark.as_typed
def test_the_example_runs(backbone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BERTCL_SEQUENCE", "mood:topic")
    monkeypatch.setenv("BERTCL_DATA", str(tiny_tasks(tmp_path / "tasks")))
    monkeypatch.setenv("BERTCL_MODEL", str(backbone))
    monkeypatch.setenv("MPLBACKEND", "agg")
    monkeypatch.setenv("PYTHONPATH", str(NOTEBOOK.parents[1]))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert all(not cell.outputs for cell in notebook.cells if cell.cell_type == "code")
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": tmp_path}}).execute()
    outputs = [
        output.data["text/plain"]
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if "data" in output
    ]
    assert any("complete" in text for text in outputs)
    assert "('embeddings'," in outputs[-2]
    assert outputs[-1].startswith("[('mood:topic', True,")
