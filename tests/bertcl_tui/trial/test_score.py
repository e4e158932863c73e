"""What p is made of is called by its name; the other one of accuracy and macro-F1 is beside it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from bertcl_tui.charts.forgetting import Forgetting, Learning, Line
from bertcl_tui.charts.style import DARK
from bertcl_tui.cli.results import accuracy_facts, print_accuracies
from bertcl_tui.store.reader import Reader
from bertcl_tui.style.looks import Looks
from bertcl_tui.trial.look import Accuracies, accuracies_of
from bertcl_tui.trial.text import matrix_text
from engine.spec.protocol import Score
from engine.store.connection import open_store
from engine.store.measurements import (
    MeasurementRecord,
    ProbeRecord,
    Progress,
    StageRecord,
    record_progress,
    record_stage_end,
    record_stages,
)
from engine.store.run_states import claim_run, create_run
from tests.engine.store.conftest import new_worker, run_spec

TASKS = ("sst2", "mrpc")
LOOKS = Looks(text="", muted="", accent="", good="", warning="", bad="", palette=DARK)


@pytest.fixture(params=["accuracy", "macro-f1"])
def measured(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Score, Reader, int]]:
    """A run measured at the ends of both stages: accuracies .9, .8, .7, and macro-F1 .2 less."""
    score: Score = request.param
    path = str(tmp_path / "studies.db")
    store = open_store(path)
    usual = run_spec()
    spec = replace(usual, protocol=replace(usual.protocol, score=score))
    run_id, worker_id = create_run(store, spec), new_worker(store)
    claim_run(store, worker_id, threads=1)
    stages = [
        StageRecord(stage=stage, task=task, first_step=20 * stage, last_step=20 * stage + 20)
        for stage, task in enumerate(TASKS)
    ]
    record_stages(store, run_id, worker_id, stages)
    ends = [
        MeasurementRecord(
            step=20 * stage + 20,
            stage=stage,
            task=task,
            split="search",
            accuracy=accuracy,
            macro_f1=accuracy - 0.2,
            score=accuracy - 0.2 if score == "macro-f1" else None,
        )
        for stage, task, accuracy in ((0, 0, 0.9), (1, 0, 0.8), (1, 1, 0.7))
    ]
    both = [*ends, *(replace(item, split="retention") for item in ends)]
    record_progress(store, run_id, worker_id, Progress(step=40, steps=40), both)
    yield score, Reader(path), run_id
    store.close()


SAID = {
    "accuracy": ("0.900", "macro-F1 at the end 0.600 · 0.500", "average accuracy 0.750"),
    "macro-f1": ("0.700", "accuracy at the end 0.800 · 0.700", "average macro-F1 0.550"),
}


def _ends(reader: Reader, run_id: int) -> tuple[Accuracies, ...]:
    return accuracies_of(reader.measures(run_id).ends)


def test_both_are_shown_at_the_end(
    measured: tuple[Score, Reader, int], capsys: pytest.CaptureFixture[str]
) -> None:
    score, reader, run_id = measured
    (found,) = _ends(reader, run_id)
    first, beside, average = SAID[score]
    text = matrix_text(TASKS, [found], 60, LOOKS).plain
    assert first in text
    assert text.endswith(beside)
    assert text.startswith("macro-F1 on the rows") == (score == "macro-f1")
    print_accuracies(TASKS, found)
    said = capsys.readouterr().out
    assert said.startswith(f"{found.name} on the rows that score trials")
    assert average in said
    assert beside in said
    facts = accuracy_facts(TASKS, [found])["search"]
    assert facts["score"] == score
    assert facts["p"] == pytest.approx(1.5 if score == "accuracy" else 1.1)


def test_it_is_said_how_much_was_lost_in_the_head_and_how_much_in_the_encoder(
    measured: tuple[Score, Reader, int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, reader, run_id = measured
    store = open_store(str(tmp_path / "studies.db"))
    probes = [
        ProbeRecord(stage=stage, task=0, rows=rows, score=found)
        for stage, rows, found in ((0, 10, 0.7), (0, 48, 0.92), (1, 10, 0.65), (1, 48, 0.89))
    ]
    record_stage_end(store, run_id, 1, probes=probes)
    store.close()
    measured = reader.measures(run_id)
    (found,) = accuracies_of(measured.ends, measured.probes)
    line = (
        "sst2 lost 0.100: encoder 0.030, head 0.070; "
        "a new head has 0.650 by 10 rows, 0.890 by 48 rows"
    )
    assert line in matrix_text(TASKS, [found], 60, LOOKS).plain
    print_accuracies(TASKS, found)
    assert line in capsys.readouterr().out.splitlines()
    (lost,) = accuracy_facts(TASKS, [found])["search"]["lost"]
    assert lost["new_head"] == {"10": 0.65, "48": 0.89}
    assert (lost["task"], lost["encoder"]) == ("sst2", pytest.approx(0.03))


def test_curves_are_of_what_p_is_made_of(measured: tuple[Score, Reader, int]) -> None:
    score, reader, run_id = measured
    (curves,) = reader.curves([run_id])
    name = {"accuracy": "accuracy", "macro-f1": "macro-F1"}[score]
    assert curves.curves[0].accuracies == pytest.approx(
        (0.9, 0.8) if score == "accuracy" else (0.7, 0.6)
    )
    assert Learning(curves).curves().y_label == name
    several = Forgetting((Line("#1", curves, "bright"),), score=curves.score)
    assert several.curves().y_label == f"{name} on sst2"
