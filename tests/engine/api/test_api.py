"""The Python API over a recorded store, and what it says to wrong use; a notebook does the work."""

from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
from msgspec.structs import replace
from sqlalchemy import insert, update
from torch.nn import Linear
from transformers import BertConfig, BertModel

from engine.api import (
    UsageError,
    combine,
    param_groups,
    read_profile,
    run,
    search,
    studies,
    waiting,
)
from engine.api.arguments import for_python
from engine.api.looking import look_at_run
from engine.api.waiting import wait_for_run, wait_for_study
from engine.errors import EngineError
from engine.store.connection import Store, open_store
from engine.store.endings import find_progress
from engine.store.measurements import Progress, record_progress, stages_of
from engine.store.run_states import claim_run, control_run, create_run, finish_run, release_run
from engine.store.runs import get_run
from engine.store.schema import measurement, probe
from engine.store.schema import run as run_table
from engine.store.schema import study as study_table
from engine.store.searches import say_why_search_waits
from engine.store.states import SET_ASIDE
from engine.store.studies import control_study
from engine.store.workers import living_workers, say_what_waits
from tests.engine.api.consumer import best_of, combined_rates
from tests.engine.store.conftest import meanwhile, new_study, new_trial, new_worker, run_spec
from tests.recorded import DONE, LIVE, PAUSED, recorded_store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(recorded_store(tmp_path_factory.mktemp("api") / "studies.db"))


def test_studies_are_listed_with_their_trials(store: str) -> None:
    live, done, paused = studies(store=store)
    assert [study.name for study in (live, done, paused)] == [LIVE, DONE, PAUSED]
    assert [study.over for study in (live, done, paused)] == [False, True, False]
    assert [len(study.trials) for study in (live, done, paused)] == [31, 12, 0]
    assert done.best is not None
    assert done.best.p == max(trial.p for trial in done.trials if trial.p is not None)
    assert paused.best is None
    assert best_of(store).keys() == {LIVE, DONE}


def test_a_run_tells_where_its_earlier_tasks_were_lost(tmp_path: Path) -> None:
    path = str(recorded_store(tmp_path / "studies.db"))
    best = next(study.best for study in studies(store=path) if study.best is not None)
    with closing(open_store(path)) as at:
        ends = [each.last_step for each in stages_of(at, best.run_id)]
        known = [(0, 0, 0.9), (1, 0, 0.6), (1, 1, 0.8)]
        common = {"run_id": best.run_id, "split": "search"}
        measured = [
            {**common, "step": ends[stage], "stage": stage, "task": task, "accuracy": accuracy}
            for stage, task, accuracy in known
        ]
        probed = {"run_id": best.run_id, "task": 0, "rows": 100}
        probes = [
            {**probed, "stage": stage, "score": score} for stage, score in ((0, 0.9), (1, 0.8))
        ]
        assert look_at_run(at, best.run_id).lost == ()
        with at.writing() as connection:
            connection.execute(insert(measurement), measured)
            connection.execute(insert(probe), probes)
        (lost,) = look_at_run(at, best.run_id).lost
    assert (lost.whole, lost.encoder) == (pytest.approx(0.3), pytest.approx(0.1))
    assert lost.again == {100: 0.8}


def test_studies_are_of_one_moment(tmp_path: Path) -> None:
    path = str(recorded_store(tmp_path / "studies.db"))

    def change() -> None:
        with closing(open_store(path)) as at, at.writing() as connection:
            connection.execute(update(run_table).where(run_table.c.p.is_not(None)).values(p=0.125))
            connection.execute(update(study_table).values(name=study_table.c.name + "!"))

    before = studies(store=path)
    with meanwhile(change):
        assert studies(store=path) == before
    assert studies(store=path) != before


def test_a_study_is_a_table(store: str) -> None:
    _, done, paused = studies(store=store)
    frame = done.to_pandas()
    assert isinstance(frame, pd.DataFrame)
    assert frame.shape == (12, 12 + 10)
    assert frame["p"].max() == done.best.p  # type: ignore[union-attr]
    assert frame.loc[frame["number"] == 3, "lr0"].item() == done.trials[3].learning_rates[0]
    assert done.to_arrow().column_names == list(frame.columns)
    assert paused.to_arrow().num_rows == 0


def test_trials_are_combined_as_the_command_does(store: str) -> None:
    live, done, _ = studies(store=store)
    rates = combined_rates(store, 0, 1)
    assert len(rates) == 8
    assert combine(live.only(0)).learning_rates == pytest.approx(live.trials[0].learning_rates)
    assert live.only(0).to_arrow().num_rows == 1
    assert done.profile.combination is not None
    assert done.profile.name == "combined"


def test_some_trials_alone_have_the_best_of_them(store: str) -> None:
    _, done, _ = studies(store=store)
    assert done.best is not None
    others = [trial.number for trial in done.trials if trial.number != done.best.number]
    best = done.only(*others).best
    assert best is not None
    assert best.mean_p == max(
        trial.mean_p for trial in done.trials if trial.number in others and trial.mean_p is not None
    )
    assert done.only(*others, done.best.number).best == done.best
    assert done.only(99).best is None

    raced = replace(done.trials[others[0]], mean_p=0.1, seeds=3)
    again = replace(done, trials=(raced, *done.trials[others[0] + 1 :]))
    assert again.only(*others).best == raced, "three seeds stand before one"


def test_what_cannot_be_combined_is_said(store: str) -> None:
    live, done, paused = studies(store=store)
    for wrong in ([], paused, [live, done], [live, live], done.only(99)):
        with pytest.raises(UsageError):
            combine(wrong)
    with pytest.raises(UsageError, match="studies is a Study or a list of Study, not 'sst2:mrpc'"):
        combine("sst2:mrpc")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="base"):
        combine(live, base=0.0)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"sequence": "sst2"}, "one task"),
        ({"sequence": "sst2:nothing"}, "nothing"),
        ({"data": "nowhere"}, "nowhere"),
        ({"preset": "mine"}, "preset"),
        ({"protocol": {"epoch": 3}}, "no switch of Protocol named 'epoch'; did you mean 'epochs'"),
        ({"protocol": {"epochs": 0}}, "epochs"),
        ({"settings": {"sampler": "best"}}, "sampler"),
        ({"trials": 0}, "trials"),
        ({"workers": -1}, "workers"),
        ({"workers": 0, "wait": False}, "wait"),
        ({"name": 3}, "name is text or None, not 3"),
        ({"seed": "x"}, "seed is a whole number, not 'x'"),
        ({"seed": True}, "seed is a whole number, not True"),
        ({"budget_epochs": -1.0}, "budget_epochs=-1.0 cannot be: expected float > 0"),
        ({"settings": {"in_order": 0}}, "settings={.in_order.: 0} cannot be: expected int >= 1"),
        ({"sequence": 3}, "sequence is text or a list of text, not 3"),
        ({"sequence": ["sst2", 3]}, "sequence is text or a list of text, not"),
        ({"data": None}, "data is text or a path, not None"),
        ({"workers": "two"}, "workers is a whole number or None, not 'two'"),
        ({"method": "best"}, "method is 'profile' or "),
        ({"trials": 0}, "trials=0 cannot be: expected int >= 1"),
        ({"protocol": [1]}, "protocol is a dict by name or None, not"),
        ({"protocol": {"epochs": "3"}}, "protocol={.epochs.: '3'} cannot be: expected int"),
        ({"store": 3}, "store is text, not 3"),
    ],
)
def test_a_search_that_cannot_be_is_refused_before_anything_is_written(
    tmp_path: Path, words: dict[str, object], said: str
) -> None:
    asked = {"sequence": "sst2:mrpc", "store": str(tmp_path / "new.db"), **words}
    with pytest.raises(UsageError, match=said) as caught:
        search(asked.pop("sequence"), **asked)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({}, "needs a learning rate: use lr=2e-5$"),
        ({"lr": 7.0}, "use lr=2e-5"),
        ({"lr": "fast"}, "lr is a number or None, not 'fast'"),
        ({"method": "freeze-k", "lr": 1e-5, "options": {"k": None}}, "options is a dict"),
        ({"method": "profile"}, "profile=FILE"),
        ({"profile": 3}, "profile is a Profile or text or a path or None, not 3"),
        ({"data": "sample", "lr": 1e-5}, "use data=.hub."),
        ({"lr": 1e-5, "method": "best"}, "no method"),
        ({"lr": 1e-5, "first_lr": 2.0}, "first_lr"),
        ({"lr": 1e-5, "options": {"importance": 3}}, "importance"),
        ({"profile": "missing.json"}, "missing.json"),
    ],
)
def test_a_run_that_cannot_be_is_refused_before_anything_is_written(
    tmp_path: Path, words: dict[str, object], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        run("sst2:mrpc", store=str(tmp_path / "new.db"), **words)  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_places_that_are_none_are_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("BERTCL_CACHE", "BERTCL_CHECKPOINTS"):
        with monkeypatch.context() as patch:
            patch.setenv(variable, "stfp://host/x")
            with pytest.raises(UsageError, match="nothing is known of stfp://"):
                run(
                    "rotten-tomatoes:privacy-qa",
                    lr=1e-5,
                    data="sample",
                    store=str(tmp_path / "new.db"),
                )
    assert not list(tmp_path.iterdir())


def test_a_store_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no store"):
        studies(store=str(tmp_path / "missing.db"))


def test_arguments_of_another_kind_are_refused_by_name(store: str) -> None:
    live, *_ = studies(store=store)
    profile = combine(live)
    wrong: list[tuple[Callable[[], object], str]] = [
        (lambda: studies(store=3), "store is text, not 3"),  # type: ignore[arg-type]
        (lambda: combine(3), "studies is a Study or a list of Study, not 3"),  # type: ignore[arg-type]
        (lambda: combine(live, base="2"), "base is a number, not '2'"),  # type: ignore[arg-type]
        (lambda: combine(live, name=3), "name is text, not 3"),  # type: ignore[arg-type]
        (lambda: param_groups(Linear(1, 1), "x.json"), "profile is a Profile, not"),  # type: ignore[arg-type]
        (lambda: param_groups(None, profile), "model is a torch.nn.Module, not None"),  # type: ignore[arg-type]
        (lambda: read_profile(3), "path is "),  # type: ignore[arg-type]
    ]
    for ask, said in wrong:
        with pytest.raises(UsageError, match=said):
            ask()


def test_arguments_that_there_are_not_are_refused_as_python_does() -> None:
    with pytest.raises(TypeError, match=r"^studies\(\) takes 0 positional"):
        studies("here.db")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"^combine\(\) got an unexpected"):
        combine([], store="here.db")  # type: ignore[call-arg]


def test_what_is_said_of_a_command_stays_so() -> None:
    @for_python
    def refuse(*, store: str, lr: float = 1.0, settings: object = None) -> None:
        raise UsageError(
            f"no {store}; name another with --store; or use --lr 2e-5, or --sampler tpe; "
            "or bertcl-tui worker --store there; or --verbose"
        )

    with pytest.raises(UsageError) as caught:
        refuse(store="x")
    assert str(caught.value) == (
        "no x; name another with store=…; or use lr=2e-5, or settings={'sampler': 'tpe'}; "
        "or bertcl-tui worker --store there; or --verbose"
    )


def test_nobody_is_started_while_a_study_is_paused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "_LOOK_SECONDS", 0.0)
    with closing(open_store(str(tmp_path / "studies.db"))) as store:
        study_id = new_study(store)
        control_study(store, study_id, "paused")
        looks = iter([False, False, True])
        getting_on = partial(find_progress, store, study_id)
        waiting._wait(store, looks.__next__, getting_on, lambda: None, workers=1, device="cpu")
        assert not living_workers(store)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Store]:
    with closing(open_store(str(tmp_path / "studies.db"))) as store:
        yield store


def test_a_run_that_was_set_aside_is_waited_for_no_longer(own: Store) -> None:
    run_id, worker = create_run(own, run_spec()), new_worker(own)
    claim_run(own, worker, threads=1)
    control_run(own, run_id, "paused")
    reason = f"{SET_ASIDE}no model folder 'm'"
    release_run(own, run_id, worker, state="paused", reason=reason, busy_seconds=0.0)
    said = f"run {run_id} is paused, set aside: no model folder 'm'; then resume it$"
    with pytest.raises(EngineError, match=said):
        wait_for_run(own, run_id, workers=1, device="cpu")
    assert [each.id for each in living_workers(own)] == [worker], "nobody is started for it"
    control_run(own, run_id, "running")
    assert not get_run(own, run_id).is_set_aside


def test_why_nobody_works_on_it_is_said_where_nobody_is_to_be_started(
    own: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "_work_here", lambda *_: None)
    study_id, run_id = new_study(own), create_run(own, run_spec())
    for wait in (
        partial(wait_for_study, own, study_id, wait=True),
        partial(wait_for_run, own, run_id),
    ):
        with pytest.raises(EngineError, match="nobody works on it; give a number of"):
            wait(workers=0, device="cpu")
    say_what_waits(own, ("cpu",))
    with pytest.raises(EngineError, match="nobody works on it: waits for a worker that can use "):
        wait_for_run(own, run_id, workers=0, device="cpu")
    new_trial(own, study_id, 0)
    say_what_waits(own, ("cpu",))
    with pytest.raises(EngineError, match="nobody works on it: waits for a worker that can use "):
        wait_for_study(own, study_id, workers=0, device="cpu", wait=True)
    say_why_search_waits(own, study_id, "the hub does not answer")
    with pytest.raises(EngineError, match="nobody works on it: the hub does not answer"):
        wait_for_study(own, study_id, workers=0, device="cpu", wait=True)


def test_a_study_gets_on_where_a_run_takes_steps_or_ends_and_not_where_one_is_claimed(
    own: Store,
) -> None:
    study_id, worker = new_study(own), new_worker(own)
    run_id = new_trial(own, study_id, 0)
    assert find_progress(own, study_id) == (0, 0)
    claim_run(own, worker, threads=1)
    assert find_progress(own, study_id) == (0, 0)
    record_progress(own, run_id, worker, Progress(step=4, steps=9))
    assert find_progress(own, study_id) == (0, 4)
    finish_run(own, run_id, worker, state="failed")
    assert find_progress(own, study_id) == (1, 0)
    control_study(own, study_id, "paused")
    assert find_progress(own, study_id) is None


def test_a_profile_goes_into_an_optimizer_with_and_without_decay(store: str) -> None:
    live, *_ = studies(store=store)
    profile = combine(live)
    config = BertConfig(
        vocab_size=9, hidden_size=8, num_hidden_layers=6, num_attention_heads=2, intermediate_size=8
    )
    model = BertModel(config)
    plain = param_groups(model, profile)
    rates = dict(zip(profile.grouping.labels(), profile.learning_rates, strict=True))
    assert {group["name"]: group["lr"] for group in plain}.items() <= rates.items()
    decayed = param_groups(model, profile, weight_decay=0.1)
    assert {group["weight_decay"] for group in decayed} == {0.0, 0.1}
    count = len(list(model.parameters()))
    assert sum(len(group["params"]) for group in plain) == count
    assert sum(len(group["params"]) for group in decayed) == count
