"""What a trial is compared by, and when it ends for it."""

from collections.abc import Iterator
from math import inf, nan
from threading import Event

import optuna
import pytest

from engine.learning.events import Measured, Measurement, Planned, Stepped
from engine.learning.plan import Split, StagePlan, plan_stage
from engine.search.spaces import FlatSpace
from engine.search.trials import Search, open_search
from engine.spec import Protocol, RunSpec, SearchSettings, StudySpec, preset
from engine.spec.search import PruningSees
from engine.store.connection import Store
from engine.work.judge import Judge, TrialJudge, Verdict
from engine.work.patience import Patience

EPOCHS = 4
PROTOCOL = Protocol(epochs=EPOCHS, batch_size=2, measures_per_epoch=2)
SPEC = RunSpec(sequence=("a", "b"), data="", model="", protocol=PROTOCOL)


@pytest.fixture
def url(store: Store) -> str:
    return store.url


@pytest.fixture
def search(url: str) -> Iterator[Search]:
    settings = SearchSettings(pruner="asha", sampler="random")
    spec = StudySpec(name="a:b", sequence=("a", "b"), data="", model="", search=settings)
    search = open_search(url, spec, FlatSpace((1e-7, 1e-3), 4))
    yield search
    search.close()


def stages() -> tuple[StagePlan, StagePlan]:
    first = plan_stage("a", rows=8, epochs=EPOCHS, protocol=PROTOCOL, first_step=0)
    second = plan_stage("b", rows=8, epochs=2, protocol=PROTOCOL, first_step=first.last_step)
    return first, second


def events(first: float, kept: float, learnt: float) -> Iterator[Measured]:
    """Yield what a run measures that reaches these accuracies at once."""
    for stage, plan in enumerate(stages()):
        for step in sorted(plan.measured_at):
            accuracies = (first,) if stage == 0 else (kept, learnt)
            yield Measured(
                stage=stage,
                step=plan.first_step + step,
                fraction=step / plan.steps,
                measurements=tuple(
                    Measurement(
                        task=task,
                        split=split,
                        accuracy=accuracy,
                        loss=0.5,
                        predicted=(4, 4),
                    )
                    for split in ("retention", "search")
                    for task, accuracy in enumerate(accuracies)
                    if split == "retention" or step == plan.steps
                ),
            )


def never(task: int) -> tuple[int, ...]:
    raise AssertionError(f"task {task} need not be looked at")


def judge(search: Search, sees: PruningSees, *, first: float = 0.8) -> tuple[TrialJudge, int]:
    """Let a new trial be judged to its end; return its judge and the step at which it ended."""
    number = search.propose().number
    judging = TrialJudge(search, number, SPEC, sees, Patience(Event()))
    judging.begin(Planned(stages()))
    for event in events(first, 0.7, 0.9):
        judging.weigh(event, never)
        if judging.verdict is not None:
            search.tell(number, judging.verdict.state)
            return judging, event.step
    search.tell(number, "complete", 0.7 + 0.9)
    return judging, stages()[1].last_step


def reports(url: str) -> list[dict[int, float]]:
    trials = optuna.load_study(study_name="a:b", storage=url).trials
    return [trial.intermediate_values for trial in trials]


def test_later_stages_report_p_whenever_it_is_measured(search: Search, url: str) -> None:
    judge(search, "later-stages")
    assert reports(url) == [pytest.approx(dict.fromkeys(range(1, 5), 1.6))]


def test_the_first_stage_reports_half_its_accuracy_by_epoch_and_p_at_the_end(
    search: Search, url: str
) -> None:
    judge(search, "first-stage")
    halves = dict.fromkeys(range(1, EPOCHS + 1), 0.4)
    assert reports(url) == [pytest.approx({**halves, EPOCHS + 1: 1.6})]


def test_a_trial_that_learns_the_first_task_worse_is_pruned_while_it_learns_it(
    search: Search,
) -> None:
    for _ in range(2):
        assert judge(search, "first-stage")[0].verdict is None
    pruned, step = judge(search, "first-stage", first=0.6)
    assert pruned.verdict is not None
    assert pruned.verdict.state == "pruned"
    assert pruned.verdict.reason == (
        "half its accuracy, 0.300 at step 4 was too far behind other trials"
    )
    assert step == stages()[0].steps_per_epoch


def test_what_sees_later_stages_does_not_mind_the_first(search: Search) -> None:
    for first in (0.8, 0.8, 0.6):
        assert judge(search, "later-stages", first=first)[0].verdict is None


def test_a_judge_goes_on_counting_where_it_was(search: Search, url: str) -> None:
    number = search.propose().number
    everything = list(events(0.8, 0.7, 0.9))
    before = TrialJudge(search, number, SPEC, "first-stage", Patience(Event()))
    before.begin(Planned(stages()))
    for event in everything[:5]:
        before.weigh(event, never)
    after = TrialJudge(search, number, SPEC, "first-stage", Patience(Event()))
    after.load(before.dump())
    after.begin(Planned(stages()))
    for event in everything[5:]:
        after.weigh(event, never)
    assert sorted(*reports(url)) == [1, 2, 3, 4, 5]


def test_reports_are_numbered_alike_where_measurements_are_left_out(
    search: Search, url: str
) -> None:
    number = search.propose().number
    judging = TrialJudge(search, number, SPEC, "later-stages", Patience(Event()))
    first, _ = stages()
    second = plan_stage(
        "b", rows=8, epochs=2, protocol=PROTOCOL, first_step=first.last_step, affordable=1
    )
    judging.begin(Planned((first, second)))
    for event in events(0.8, 0.7, 0.9):
        if event.step - second.first_step in second.measured_at:
            judging.weigh(event, never)
    assert reports(url) == [pytest.approx({1: 1.6, 4: 1.6})]


def test_the_authors_code_prunes_on_the_first_stage() -> None:
    assert preset("original-code").search.pruning_sees == "first-stage"
    assert preset("paper").search.pruning_sees == "later-stages"


def end_of_a_stage(
    search: Search, *predicted: tuple[Split, tuple[int, int]], rows: int = 400
) -> Verdict | None:
    """Judge a trial that predicts so at the end of a first stage of rows / 8 steps."""
    protocol = Protocol(epochs=1, batch_size=8)
    spec = RunSpec(sequence=("a", "b"), data="", model="", protocol=protocol)
    plan = plan_stage("a", rows=rows, epochs=1, protocol=protocol, first_step=0)
    judging = TrialJudge(search, 0, spec, "later-stages", Patience(Event()))
    judging.begin(Planned((plan,)))
    for step in sorted(plan.measured_at):
        splits = predicted if step == plan.steps else predicted[:1]
        items = tuple(
            Measurement(
                task=0,
                split=split,
                accuracy=0.5,
                loss=inf if split == "validation" else 0.7,
                predicted=counts,
            )
            for split, counts in splits
        )
        event = Measured(stage=0, step=step, fraction=step / plan.steps, measurements=items)
        at_end, known = event.fraction == 1.0, judging.dump()
        foreseen = at_end and judging.would_end(event)
        assert judging.dump() == known
        judging.weigh(event, lambda _: (127, 1))
        assert foreseen == (judging.verdict is not None)
    return judging.verdict


def test_only_the_rows_that_score_trials_tell_of_a_collapse(search: Search) -> None:
    followed: tuple[Split, tuple[int, int]] = ("retention", (24, 0))
    reported: tuple[Split, tuple[int, int]] = ("validation", (128, 0))
    assert end_of_a_stage(search, followed, ("search", (127, 1)), reported) is None
    collapsed = end_of_a_stage(search, followed, ("search", (128, 0)), ("validation", (64, 64)))
    assert collapsed is not None
    assert collapsed.reason == (
        "every row of a was predicted to be of class 0 at the end of stage 1 (step 50)"
    )


@pytest.mark.parametrize("rows", [8, 32, 160])
def test_a_short_stage_is_no_collapse(search: Search, rows: int) -> None:
    one_class = (128, 0)
    assert end_of_a_stage(search, ("retention", (24, 0)), ("search", one_class), rows=rows) is None


@pytest.mark.parametrize(("loss", "ends"), [(None, False), (0.7, False), (nan, True), (inf, True)])
def test_a_loss_that_is_no_number_ends_a_run_once_it_is_read(
    loss: float | None, *, ends: bool
) -> None:
    judge = Judge()
    judge.weigh_loss(Stepped(stage=0, step=3, loss=loss, tokens=5))
    assert (judge.verdict is not None) is ends
