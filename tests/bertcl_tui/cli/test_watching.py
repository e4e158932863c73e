"""``watch``: what is told of searches that run by themselves, and how it ends."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bertcl_tui.cli import following
from bertcl_tui.news import herald, sending
from bertcl_tui.news.herald import Herald
from bertcl_tui.news.rules import Rule
from bertcl_tui.settings import Settings, settings_file, write_settings
from bertcl_tui.store.reader import Reader
from engine.store.connection import Store, open_store
from engine.store.deletion import delete_study
from engine.store.names import rename_study
from engine.store.run_states import claim_run, create_run, finish_run
from engine.store.runs import Scores
from engine.store.states import SET_ASIDE
from engine.store.studies import control_study, find_study, get_study
from engine.store.workers import end_worker
from tests.bertcl_tui.cli.conftest import Ask
from tests.bertcl_tui.news.server import hook
from tests.engine.store.conftest import new_study, new_worker, run_spec
from tests.recorded import DONE, LIVE, PAUSED, RUNNING, WORKER

Acts = Callable[[Store], object]


@pytest.fixture(autouse=True)
def _own_settings(
    tmp_path: Path, clock: Callable[[], float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Reader, "_read_clock", lambda _: clock())  # nobody is lost meanwhile
    monkeypatch.setenv("BERTCL_CONFIG", str(tmp_path / "settings.toml"))
    monkeypatch.setattr(herald, "_LOOK_SECONDS", 0.0)
    monkeypatch.setattr(sending, "_LAST_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(following, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(following, "_REST", 0)


@pytest.fixture
def meanwhile(store: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Return what lets things happen while a command watches: one between two looks."""
    steps: list[Acts] = []
    look = Herald.look

    with closing(open_store(str(store))) as opened:

        def looked(self: Herald) -> object:
            found = look(self)
            if steps:
                steps.pop(0)(opened)
            return found

        monkeypatch.setattr(Herald, "look", looked)
        yield lambda *more: steps.extend(more)


def _finish(state: str, **how: object) -> Acts:
    return lambda store: finish_run(store, RUNNING, WORKER, state=state, **how)  # type: ignore[arg-type]


def _end(desired: str, reason: str | None = None) -> Acts:
    def act(store: Store) -> None:
        control_study(store, find_study(store, LIVE).id, desired, reason)  # type: ignore[arg-type]

    return act


def test_each_event_is_a_line_and_the_end_of_the_study_that_of_the_watch(
    ask: Ask, store: Path, meanwhile: Callable[..., None]
) -> None:
    meanwhile(
        _finish("complete", scores=Scores(p_o=0.9, p_s=0.8)),
        _end("stopped"),
    )
    answer = ask("watch", LIVE[:6], "--store", store)
    assert answer.code == 0
    best, over = answer.out.splitlines()
    assert f" new-best {LIVE}: best p 1.700 (#30, 1 seed), p_o 0.900, p_s 0.800, before" in best
    assert f" over     {LIVE} was stopped: 31/60 trials" in over
    assert answer.err == f"watching {LIVE} (running)\nover: {LIVE} (stopped)\n"


def test_programs_read_lines_of_json(ask: Ask, store: Path, meanwhile: Callable[..., None]) -> None:
    meanwhile(_finish("collapsed", reason="one class"), _end("paused", "the data is gone"))
    answer = ask("watch", LIVE, "--on", "collapse,over", "--json", "--store", store)
    assert answer.code == 1
    collapse, over = map(json.loads, answer.out.splitlines())
    assert (collapse["kind"], collapse["trial"], collapse["reason"]) == (
        "collapse",
        30,
        "one class",
    )
    assert (over["kind"], over["state"], over["study"]) == ("failure", "failed", LIVE)
    assert over["at"] >= collapse["at"] > 0


def test_only_what_was_asked_for_is_told_and_brought_to_the_webhook(
    ask: Ask, store: Path, meanwhile: Callable[..., None]
) -> None:
    meanwhile(_finish("collapsed"), _end("stopped"))
    with hook() as server:
        answer = ask("watch", LIVE, "--on", "over", "--webhook", server.url, "--store", store)
        assert server.next()["text"] in answer.out
        assert server.bodies.empty()
    assert answer.out.count("\n") == 1
    assert "secret" not in answer.out + answer.err


def test_a_dead_webhook_is_told_of_in_a_line(
    ask: Ask, store: Path, meanwhile: Callable[..., None]
) -> None:
    meanwhile(_finish("collapsed"), _end("stopped"))
    with hook() as dead:
        gone = dead.url
    answer = ask("watch", LIVE, "--webhook", gone, "--store", store)
    assert answer.code == 0
    assert answer.err.count("connection refused") == 1
    assert "2 events did not arrive" in answer.err
    assert answer.out.count("\n") == 2
    assert "secret" not in answer.out + answer.err


@pytest.mark.parametrize(
    ("first", "then", "ended"),
    [
        (lambda store: end_worker(store, WORKER), _end("stopped"), (0, "lost its worker")),
        (_finish("failed", reason="no memory"), _end("stopped"), (0, "#30 failed: no memory")),
        (_finish("pruned"), _end("paused", f"{SET_ASIDE}no model"), (1, "set aside: no model")),
        (
            _finish("pruned"),
            lambda store: delete_study(store, find_study(store, LIVE).id),
            (1, f"{LIVE} was deleted"),
        ),
    ],
)
def test_how_it_ends_is_the_exit_code(
    ask: Ask,
    store: Path,
    meanwhile: Callable[..., None],
    *,
    first: Acts,
    then: Acts,
    ended: tuple[int, str],
) -> None:
    meanwhile(first, then)
    answer = ask("watch", LIVE, "--store", store)
    code, said = ended
    assert said in answer.out
    assert answer.code == code


def test_a_study_that_gets_another_name_is_watched_on(
    ask: Ask, store: Path, meanwhile: Callable[..., None]
) -> None:
    def renamed(store: Store) -> None:
        rename_study(store, find_study(store, LIVE).id, "other")

    meanwhile(renamed, _finish("pruned"), _end("stopped"))
    answer = ask("watch", LIVE, "--store", store)
    assert "other was stopped" in answer.out
    assert answer.code == 0


def test_ctrl_c_ends_the_watch_and_nothing_else(
    ask: Ask, store: Path, meanwhile: Callable[..., None]
) -> None:
    def interrupt(_: Store) -> None:
        raise KeyboardInterrupt

    meanwhile(_finish("collapsed"), interrupt)
    answer = ask("watch", LIVE, "--store", store)
    assert answer.code == 130
    assert "Traceback" not in answer.err
    with closing(open_store(str(store))) as opened:
        assert get_study(opened, find_study(opened, LIVE).id).desired == "running"


def test_who_names_a_study_that_is_over_is_told_how_it_ended(ask: Ask, store: Path) -> None:
    answer = ask("watch", DONE, "--store", store)
    assert answer.code == 0
    assert f"{DONE} is complete: " in answer.out


def test_without_a_name_all_that_is_under_way_is_watched_and_what_is_paused_is_not(
    ask: Ask, store: Path, meanwhile: Callable[..., None]
) -> None:
    meanwhile(
        _finish("pruned"),
        lambda store: new_study(store, "new"),
        _end("stopped"),
        lambda store: control_study(store, find_study(store, "new").id, "stopped"),
    )
    answer = ask("watch", "--store", store)
    assert answer.err == f"watching {LIVE} (running)\nover: {LIVE} (stopped), new (stopped)\n"
    assert ask("watch", "--store", store).err.startswith("nothing is under way;")
    assert PAUSED not in answer.out


def test_the_arena_is_watched_by_its_name_on_a_server_too(
    ask: Ask, any_store: str, meanwhile: Callable[..., None]
) -> None:
    with closing(open_store(any_store)) as own:
        create_run(own, run_spec())
        worker = new_worker(own)
        claimed = claim_run(own, worker, threads=1)
        assert claimed is not None
        meanwhile(lambda _: finish_run(own, claimed.id, worker, state="failed"))
        answer = ask("watch", "arena", "--json", "--store", any_store)
    (line,) = map(json.loads, answer.out.splitlines())
    assert (line["kind"], line["study"], line["failed"]) == ("arena", None, 1)
    assert answer.code == 1


def test_rules_of_the_settings_are_followed_unless_something_is_asked_for(
    ask: Ask, store: Path, meanwhile: Callable[..., None]
) -> None:
    with hook() as server:
        rules = {
            "night": Rule(on=("over",), webhook=server.url),
            "off": Rule(on=("collapse",), webhook=server.url, active=False),
        }
        write_settings(Settings(watch=rules), settings_file())
        meanwhile(_finish("collapsed"), _end("stopped"))
        assert " over " in ask("watch", LIVE, "--store", store).out
        assert "was stopped" in server.next()["text"]
        assert ask("watch", LIVE, "--rule", "off", "--store", store).out == ""
        assert ask("watch", "--rule", "off", "--test").code == 0
        assert server.next()["events"][0]["kind"] == "test"
        assert server.bodies.empty()
    answer = ask("watch", "--test")
    assert answer.code == 1
    assert "connection refused" in answer.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--on", "new"), "no news named 'new'"),
        (("--shell",), "--shell does nothing without --command"),
        (("--test",), "there is no channel to test"),
        (("--rule", "night"), "there is no rule yet"),
        (("--webhook", "hooks.host/secret"), "is no URL"),
        (("no-such-study",), "no study"),
    ],
)
def test_what_cannot_be_watched_is_said_in_a_line(
    ask: Ask, store: Path, words: tuple[str, ...], said: str
) -> None:
    answer = ask("watch", *words, "--store", store)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err
    assert answer.err.count("\n") == 1
