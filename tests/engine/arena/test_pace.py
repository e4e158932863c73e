"""How long a run will take: as those most like it took, in proportion to what there is to do."""

import math

import pytest
from msgspec.structs import replace

from engine.arena.pace import estimate, study_seconds
from engine.spec import Protocol, RunSpec, SearchSettings, StudySpec
from engine.store.timing import TimedRun, TimedStage
from engine.tasks.facts import Example, TaskFacts

HERE = "this-box"
PROTOCOL = Protocol(train_rows=800, eval_rows=500, epochs=1)
SPEC = RunSpec(sequence=("a", "b"), data="/data", model="m", protocol=PROTOCOL)


def timed(spec: RunSpec = SPEC, host: str | None = HERE, learning: float = 100.0) -> TimedRun:
    epochs = spec.protocol.epochs or 1
    steps = math.ceil((spec.protocol.train_rows or 1600) / spec.protocol.batch_size) * epochs
    stages = tuple(TimedStage(task=task, steps=steps, epochs=epochs) for task in spec.sequence)
    return TimedRun(
        spec=spec, host=host, learning=learning, measuring=20.0, waiting=5.0, stages=stages
    )


def facts(task: str, tokens: int, rows: int = 5000) -> TaskFacts:
    return TaskFacts(
        task=task,
        labels=("no", "yes"),
        classes=(rows // 2, rows // 2),
        epochs=3,
        rows=rows,
        held=1000,
        scored=500,
        validation=900,
        example=Example(sentence1="", sentence2=None, label="no"),
        tokens=((tokens, 100),),
        counted=100,
        longest=512,
    )


def seconds(spec: RunSpec, *runs: TimedRun, **known: TaskFacts) -> float:
    found = estimate(spec, runs, known, HERE)
    assert found is not None
    return found.seconds


def test_what_is_learnt_is_in_proportion_and_loading_is_not() -> None:
    assert seconds(SPEC, timed()) == pytest.approx(125)
    more = replace(SPEC, protocol=replace(PROTOCOL, train_rows=1600, epochs=2))
    assert seconds(more, timed()) == pytest.approx(4 * 100 + 20 + 5)
    measured = replace(SPEC, protocol=replace(PROTOCOL, eval_rows=1000))
    assert seconds(measured, timed()) == pytest.approx(100 + 2 * 20 + 5)
    assert seconds(SPEC, timed(), timed(learning=200)) == pytest.approx(175)


def test_all_rows_are_as_many_as_the_task_has_or_as_an_earlier_run_had() -> None:
    every = replace(SPEC, protocol=replace(PROTOCOL, train_rows=None))
    assert estimate(every, [timed()], {}, HERE) is None, "nobody knows how many there are"
    known = {task: facts(task, 30, rows=1600) for task in "ab"}
    assert seconds(every, timed(), **known) == pytest.approx(2 * 100 + 20 + 5, rel=0.05)
    assert seconds(SPEC, timed(every)) == pytest.approx(50 + 20 + 5)
    assert seconds(every, timed(every)) == pytest.approx(125)


def test_other_tasks_count_by_their_tokens_where_those_were_counted() -> None:
    other = replace(SPEC, sequence=("c", "d"))
    assert seconds(other, timed()) == pytest.approx(125)
    known = {
        **{task: facts(task, 30) for task in "ab"},
        **{task: facts(task, 60) for task in "cd"},
    }
    assert seconds(other, timed(), **known) == pytest.approx(2 * 120 + 5)
    short = replace(other, protocol=replace(PROTOCOL, max_length=30))
    assert seconds(short, timed(), **known) == pytest.approx(125)


def test_the_most_alike_run_says_it_and_one_of_this_machine_before_all() -> None:
    elsewhere, other_model = timed(host="far", learning=1), timed(replace(SPEC, model="n"))
    found = estimate(SPEC, [elsewhere, other_model], {}, HERE)
    assert found is not None
    assert (found.like, found.here, found.same) == (other_model, True, False)
    same = timed()
    found = estimate(SPEC, [elsewhere, other_model, same, same], {}, HERE)
    assert found is not None
    assert (found.like, found.runs, found.same) == (same, 2, True)
    found = estimate(SPEC, [elsewhere], {}, HERE)
    assert found is not None
    assert (found.here, found.same) == (False, True)
    assert estimate(SPEC, [], {}, HERE) is None


def test_a_larger_model_takes_as_much_longer_as_its_layers_are_more_and_wider(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("models")
    for name, layers, hidden in (("small", 6, 384), ("large", 12, 768)):
        (folder / name).mkdir()
        config = f'{{"num_hidden_layers": {layers}, "hidden_size": {hidden}}}'
        (folder / name / "config.json").write_text(config)
    small, large = (replace(SPEC, model=str(folder / name)) for name in ("small", "large"))
    assert seconds(large, timed(small)) == pytest.approx(8 * 120 + 5)


def study(**settings: object) -> StudySpec:
    search = SearchSettings(trials=60, **settings)  # type: ignore[arg-type]
    return StudySpec(
        name="s", sequence=SPEC.sequence, data="/data", model="m", protocol=PROTOCOL, search=search
    )


@pytest.mark.parametrize(
    ("settings", "workers", "whole"),
    [
        ({}, 1, 60 * 125),
        ({}, 4, 15 * 125),
        ({"in_order": 2}, 4, 30 * 125),
        ({"racing": "on"}, 1, 80 * 125),
        ({"budget_epochs": 20.0}, 1, 10 * 125),
    ],
)
def test_a_study_takes_its_trials_and_races_side_by_side(
    settings: dict[str, object], workers: int, whole: float
) -> None:
    found = study_seconds(study(**settings), [timed()], {}, HERE, workers)
    assert found is not None
    assert found[1] == pytest.approx(whole)


def test_stage_1_counts_once_where_later_stages_are_searched() -> None:
    found = study_seconds(study(searched_stages="later"), [timed()], {}, HERE, 1)
    assert found is not None
    trial, whole = found
    assert trial.seconds == pytest.approx(50 + 20 + 5)
    assert whole == pytest.approx(60 * 75 + 50)
