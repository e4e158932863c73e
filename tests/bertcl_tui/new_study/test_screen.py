"""New study: a form that says what is wrong as it is typed, and starts what is right."""

import shutil
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Button, Static

from bertcl_tui.kit.messages import OpenStudy, StartWorkers, Trouble
from bertcl_tui.new_study.screen import NewStudyScreen
from bertcl_tui.options import OPTIONS, build_study_spec
from bertcl_tui.store.reader import Reader
from bertcl_tui.store.starting import Findings
from bertcl_tui.studies.table import StudiesTable
from bertcl_tui.study.screen import StudyScreen
from bertcl_tui.widgets.inputs import CommandLine, FieldRow, Picker
from bertcl_tui.widgets.keys import KeyBar
from engine.spec import StudySpec
from engine.store.connection import open_store
from engine.store.studies import create_study, find_study
from tests.bertcl_tui.conftest import OpenApp
from tests.bertcl_tui.host import SIZE, Host, settle
from tests.bertcl_tui.waiting import until

WRONG = [
    {
        "sequence": ("sst2", "has one task"),
        "trials": ("0", "trials is 0"),
        "epochs": ("x", "epochs 'x' is no whole number"),
        "train_rows": ("1", "train rows is 1"),
        "eval_rows": ("many", "eval rows 'many'"),
        "seed": ("-1", "seed is -1"),
        "name": ("a b", "name 'a b'"),
        "device": ("gpu", "no device named 'gpu'"),
    },
    {
        "sequence": ("sst2:mrcp", "did you mean 'mrpc'"),
        "model": ("./nowhere", "no model folder"),
        "name": ("taken", "there is a study named 'taken'"),
    },
    {"sequence": ("", "no sequence yet")},
    {"data": ("nowhere", "no data 'nowhere'")},
]
"""What is wrong in which fields at once, and what is said there."""


class Form:
    """The screen as a person uses it."""

    def __init__(self, pilot: Pilot[None]) -> None:
        self.pilot = pilot
        self.screen = pilot.app.screen

    def row(self, name: str) -> FieldRow:
        return self.screen.query_one(f"#{name.replace('_', '-')}", FieldRow)

    async def type(self, name: str, text: str) -> None:
        self.row(name).text = text
        await settle(self.pilot)

    async def fill(self, **texts: str) -> None:
        for name, text in texts.items():
            self.row(name).text = text
        await settle(self.pilot)

    @property
    def command(self) -> str:
        return self.screen.query_one(CommandLine).command

    @property
    def keys(self) -> str:
        return self.screen.query_one(KeyBar).render_line(0).text

    @property
    def wrong(self) -> list[str]:
        return [row.field.name for row in self.screen.query(FieldRow) if row.trouble]

    @property
    def readiness(self) -> str:
        return str(self.screen.query_one("#readiness", Static).render())


@pytest.fixture
def store(tmp_path: Path) -> str:
    return str(tmp_path / "studies.db")


def host(store: str) -> Host:
    return Host(store, NewStudyScreen)


@pytest.mark.action("new-study", "copy_command", "back")
async def test_it_says_all_that_can_be_asked_and_command_line_and_defaults_follow_what_is_typed(
    store: str,
) -> None:
    async with host(store).run_test(size=SIZE) as pilot:
        await settle(pilot)
        form = Form(pilot)
        for item in OPTIONS:
            row = form.row(item.name)
            assert row.text or row.default
            assert row.note
        await form.fill(
            sequence="sst2:mrpc", data="hub", train_rows="", eval_rows="", trials="12", seed="0"
        )
        assert form.command == f"bertcl-tui search sst2:mrpc --trials 12 --store {store}"
        await form.fill(preset="paper", name="my-first")
        assert form.command == (
            f"bertcl-tui search sst2:mrpc --preset paper --trials 12 --name my-first "
            f"--store {store}"
        )
        await pilot.press("ctrl+y")
        assert pilot.app.clipboard == form.command

        await form.fill(sampler="random", preset="original-code")  # and leaves what was typed
        assert form.row("trials").default == "50"
        assert form.row("pruner").text == "asha"
        assert form.row("sampler").text == "random"
        await form.type("preset", "default")
        assert form.row("trials").default == "60"
        assert form.row("pruner").text == "percentile"
        assert form.row("sampler").text == "random"
        await pilot.press("escape")
        await settle(pilot)
        assert pilot.app.screen is not form.screen
    assert not Path(store).exists()


async def test_what_is_wrong_is_said_as_it_is_typed_and_start_goes_there(store: str) -> None:
    opened = open_store(store)
    create_study(opened, StudySpec(name="taken", sequence=("a", "b"), data="hub", model="m"))
    opened.close()
    right = {"sequence": "sst2:mrpc", "data": "hub"}
    async with host(store).run_test(size=SIZE) as pilot:
        await settle(pilot)
        form = Form(pilot)
        await form.fill(**right)
        assert form.wrong == []
        for fields in WRONG:
            await form.fill(**{name: text for name, (text, _) in fields.items()})
            assert set(fields) <= set(form.wrong)
            for name, (_, said) in fields.items():
                assert said in form.row(name).note
                assert "\n" not in form.row(name).note
                assert form.row(name).field.label.lower() in form.readiness
            for name in fields:
                form.row(name).text = right.get(name, "")

        await form.fill(**right)
        assert form.wrong == []
        await form.fill(epochs="x")
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert pilot.app.screen is form.screen
        assert form.row("epochs").has_focus_within
    assert _names(store) == ["taken"]


def _names(store: str) -> list[str]:
    reader = Reader(store)
    names = [row.name for row in reader.studies()]
    reader.close()
    return names


async def test_the_first_error_is_said_in_full_wherever_one_types(store: str) -> None:
    async with host(store).run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        form, hint = Form(pilot), pilot.app.screen.query_one("#hint", Static)
        await form.fill(data="hub", model="sample", sequence="sst2:mrcp", epochs="x")
        wrong = form.row("sequence").note
        assert "did you mean 'mrpc'?" in wrong
        form.row("trials").focus_entry()
        await settle(pilot)
        assert str(hint.render()) == f"Sequence: {wrong}"
        assert hint.has_class("-trouble")
        assert len(str(hint.render())) <= hint.content_size.width * hint.size.height
        form.row("epochs").focus_entry()
        await settle(pilot)
        assert str(hint.render()) == form.row("epochs").note
        await form.fill(sequence="sst2:mrpc", epochs="")
        form.row("sequence").focus_entry()
        await settle(pilot)
        assert str(hint.render()) == form.row("sequence").field.help
        assert not hint.has_class("-trouble")


async def test_a_first_rate_counts_only_where_later_stages_are_searched(store: str) -> None:
    async with host(store).run_test(size=SIZE) as pilot:
        await settle(pilot)
        form = Form(pilot)
        row = form.row("first_lr")
        assert row.disabled
        await form.fill(sequence="sst2:mrpc", data="hub", searched_stages="later", first_lr="2")
        assert not row.disabled
        assert "learning rate 2 must be above 0" in row.note
        assert form.wrong == ["first_lr"]
        await form.fill(searched_stages="all")
        assert row.disabled
        assert row.note == row.field.help
        assert form.wrong == []
        assert "--first-lr" not in form.command
        await form.fill(searched_stages="later")
        assert row.text == "2"


async def test_the_name_is_the_sequence_made_unique_and_no_late_finding(
    store: str,
) -> None:
    opened = open_store(store)
    create_study(opened, StudySpec(name="sst2:mrpc", sequence=("a", "b"), data="hub", model="m"))
    opened.close()
    async with host(store).run_test(size=SIZE) as pilot:
        await settle(pilot)
        form = Form(pilot)
        await form.fill(data="hub", sequence="sst2:rte")
        assert form.row("name").default == "sst2:rte"
        await form.type("sequence", "sst2:mrpc")
        assert form.row("name").default == "sst2:mrpc-2"

        # late findings do not take the place of the right ones
        texts = {row.field.name: row.text for row in form.screen.query(FieldRow)}
        right = Findings(tasks=(), troubles={"name": "right"}, free_name="right")
        late = Findings(tasks=(), troubles={"name": "late"}, free_name="late")
        form.screen.post_message(NewStudyScreen.Found(texts, right))
        form.screen.post_message(NewStudyScreen.Found({**texts, "data": "sample"}, late))
        await settle(pilot)
        assert form.row("name").note == "right"


async def test_tasks_are_picked_from_the_chosen_data(store: str, tasks: Path) -> None:
    async with host(store).run_test(size=SIZE) as pilot:
        await settle(pilot)
        form = Form(pilot)
        await form.fill(data=str(tasks), sequence="")
        picker = form.screen.query_one(Picker)
        assert picker.option_count == 3
        picker.focus()
        await pilot.press("home", "end", "space", "home", "space")
        await settle(pilot)
        assert form.row("sequence").text == "agree:mood"
        await pilot.press("enter")
        await settle(pilot)
        assert form.row("sequence").text == "agree"


@pytest.mark.action("new-study", "pick")
async def test_a_key_goes_to_the_list_and_comes_back_to_the_field(store: str) -> None:
    async with host(store).run_test(size=SIZE) as pilot:
        form = Form(pilot)
        fields, picker = form.screen.query_one("#form"), form.screen.query_one(Picker)
        await form.fill(data="hub", sequence="sst2:mrpc")
        form.row("trials").focus_entry()
        await pilot.press("ctrl+t", "home", "down")
        assert picker.has_focus
        hint = str(form.screen.query_one("#hint", Static).render())
        assert hint == "mrpc: Two sentences from the news: do they say the same?"
        assert fields.display
        await pilot.press("space", "ctrl+t")
        assert form.row("sequence").text == "sst2"
        assert form.row("trials").has_focus_within

        await pilot.resize_terminal(80, 24)  # room for one of them
        await pilot.press("ctrl+t")
        await until(pilot, lambda: picker.has_focus and not fields.display)
        await pilot.press("escape")
        await settle(pilot)
        assert pilot.app.screen is form.screen
        assert form.row("trials").has_focus_within
        assert fields.display


@pytest.mark.action("studies", "new_like")
@pytest.mark.action("study", "new_like")
async def test_a_study_like_another_gets_its_options_and_a_free_name(
    store: str, open_app: OpenApp
) -> None:
    opened = open_store(store)
    for name in ("mine", "mine-2", "mrpc:rte"):
        spec = build_study_spec({"sequence": "mrpc:rte", "name": name, "trials": "7", "seed": "3"})
        create_study(opened, spec, desired="paused")
    opened.close()
    async with open_app(Path(store)) as pilot:
        await until(pilot, lambda: pilot.app.query_one(StudiesTable).items)
        for keys, name in ((("j",), "mine-3"), (("j", "enter"), "mrpc:rte-2")):
            await pilot.press(*keys)
            await until(pilot, lambda keys=keys: ("enter" in keys) == bool(_shown_study(pilot)))  # type: ignore[misc]
            await pilot.press("L")
            await until(pilot, lambda: isinstance(pilot.app.screen, NewStudyScreen))
            form = Form(pilot)
            await until(pilot, lambda form=form: form.screen.findings.free_name)  # type: ignore[misc]
            assert (form.row("name").text or form.row("name").default) == name
            assert form.row("sequence").text == "mrpc:rte"
            assert (form.row("trials").text, form.row("seed").text) == ("7", "3")
            assert form.wrong == []
            await pilot.press("escape")
        studies = {row.name: row.id for row in Reader(store).studies()}
        # once it is started, it is opened: back is Studies
        pilot.app.post_message(OpenStudy(studies["mine"]))
        await until(pilot, lambda: _shown_study(pilot) == studies["mine"])
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is pilot.app.screen_stack[0])


def _shown_study(pilot: Pilot[None]) -> int | None:
    screen = pilot.app.screen
    return screen.study_id if isinstance(screen, StudyScreen) else None


async def test_a_sequence_is_completed_from_the_data_and_its_parts_and_paths_are(
    store: str, tasks: Path, backbone: Path, tmp_path: Path
) -> None:
    alone = shutil.copytree(backbone, tmp_path / "alone" / "backbone")
    async with host(store).run_test(size=SIZE) as pilot:
        await settle(pilot)
        form = Form(pilot)
        await form.fill(data="hub", sequence="")
        form.row("sequence").focus_entry()
        await pilot.press(*"ss")
        await settle(pilot)
        await pilot.press("right")
        assert form.row("sequence").text == "sst2"
        await settle(pilot)
        await pilot.press("right")
        assert form.row("sequence").text == "sst2:mrpc"

        await form.fill(sequence="sst2/")  # the parts of a task too
        await pilot.press("end", "l")
        await settle(pilot)
        await pilot.press("right")
        assert form.row("sequence").text == "sst2/long"
        await settle(pilot)
        await pilot.press("right")
        assert form.row("sequence").text == "sst2/long:sst2/short"
        await form.fill(sequence="sst2/long:sst2/middle")
        assert "has no part 'middle'; use one of sst2/short" in (form.row("sequence").trouble or "")

        # paths by tab, which else goes on
        await form.fill(data=f"{tasks.parent}/", model="", sequence="")
        form.row("data").focus_entry()
        await pilot.press("end", *"tas", "tab")
        await settle(pilot)
        assert form.row("data").text == str(tasks)
        assert form.screen.query_one(Picker).option_count == 3
        await pilot.press("tab")
        assert form.row("model").has_focus_within
        await form.type("model", f"{alone}"[:-1])
        await pilot.press("end", "right")
        assert form.row("model").text == str(alone)
        await pilot.press("tab")
        assert form.row("preset").has_focus_within


async def test_arrows_and_the_mouse_reach_fields_choices_and_tasks(store: str, tasks: Path) -> None:
    async with host(store).run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        form = Form(pilot)
        await pilot.press("down", "down", "down", "right")
        assert form.row("preset").has_focus_within
        assert form.row("preset").text == "paper"
        await pilot.press("left", "left", "up")
        assert form.row("preset").text == "default"
        assert form.row("model").has_focus_within

        await form.fill(data=str(tasks), sequence="")
        await pilot.click("#trials Input")
        assert form.row("trials").has_focus_within
        await pilot.click("#method Choice")
        await until(pilot, lambda: form.screen.query_one("#method Choice").expanded)  # type: ignore[attr-defined]
        await pilot.press("escape")
        await pilot.click(Picker, offset=(4, 1))
        await settle(pilot)
        assert form.row("sequence").text


@pytest.mark.action("new-study", "start")
@pytest.mark.process
@pytest.mark.usefixtures("forked")
async def test_start_writes_the_study_asks_for_workers_and_opens_it(
    store: str, tasks: Path, backbone: Path
) -> None:
    app = host(store)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        form = Form(pilot)
        await form.fill(
            data=str(tasks),
            model=str(backbone),
            sequence="mood:agree",
            trials="3",
            train_rows="16",
            eval_rows="16",
            device="cpu",
        )
        await pilot.press("ctrl+s", "ctrl+s")
        assert form.screen.query_one("#start", Button).disabled
        await settle(pilot)
        assert [type(message) for message in app.told] == [StartWorkers, OpenStudy], app.told
        assert pilot.app.screen is not form.screen
    assert _names(store) == ["mood:agree"]
    opened = open_store(store)
    study = find_study(opened, "mood:agree")
    opened.close()
    assert study.desired == "running"
    assert study.spec.sequence == ("mood", "agree")
    assert (study.spec.data, study.spec.model) == (str(tasks), str(backbone))
    assert (study.spec.search.trials, study.spec.protocol.train_rows) == (3, 16)


async def test_what_lies_over_the_form_goes_with_it_once_the_study_is_started(
    open_app: OpenApp, store: str
) -> None:
    opened = open_store(store)
    spec = build_study_spec({"sequence": "mrpc:rte"})
    study_id = create_study(opened, spec, desired="paused")
    opened.close()
    async with open_app(Path(store)) as pilot:
        app = pilot.app
        for keys in (("f2", "f1"), ("ctrl+p",)):
            await pilot.press("n")
            await until(pilot, lambda: isinstance(app.screen, NewStudyScreen))
            form = app.screen
            await pilot.press(*keys)
            await until(pilot, lambda keys=keys: len(app.screen_stack) == 2 + len(keys))  # type: ignore[misc]
            form.post_message(NewStudyScreen.Started(study_id))
            await until(pilot, lambda: _shown_study(pilot) == study_id)
            assert form not in app.screen_stack
            await pilot.press("escape")
            assert app.screen is app.screen_stack[0]


async def test_a_refused_study_is_said_and_can_be_tried_again(tmp_path: Path) -> None:
    app = host(str(tmp_path / "no-such-folder" / "studies.db"))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        form = Form(pilot)
        await form.fill(data="hub", sequence="sst2:mrpc")
        await pilot.press("ctrl+s")
        await settle(pilot)
        (trouble,) = app.told
        assert isinstance(trouble, Trouble)
        assert "does not exist; make it first" in trouble.text
        assert pilot.app.screen is form.screen
        assert not form.screen.query_one("#start", Button).disabled
    assert list(tmp_path.iterdir()) == []


@pytest.mark.process
@pytest.mark.usefixtures("forked")
async def test_escape_calls_off_what_is_being_checked(
    store: str, tasks: Path, backbone: Path
) -> None:
    app = host(store)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        form = Form(pilot)
        await form.fill(data=str(tasks), model=str(backbone), sequence="mood:agree", device="cpu")
        await pilot.press("ctrl+s", "escape")
        assert [item.message for item in app._notifications] == ["Cancelled: nothing was started."]
        assert not form.screen.query_one("#start", Button).disabled
        await settle(pilot)
        assert app.told == []
        assert pilot.app.screen is form.screen
        assert form.row("sequence").text == "mood:agree"
    assert not Path(store).exists()


async def test_what_was_typed_is_there_the_next_time_and_keys_that_type_are_not_offered(
    open_app: OpenApp,
) -> None:
    async with open_app() as pilot:
        for trials in ("", "17"):
            await pilot.press("n")
            await until(pilot, lambda: isinstance(pilot.app.screen, NewStudyScreen))
            form = Form(pilot)
            assert form.row("trials").text == trials
            await until(pilot, lambda form=form: "f1 help" in form.keys)  # type: ignore[misc]
            assert "^q quit" in form.keys
            form.row("preset").focus_entry()
            await until(pilot, lambda form=form: "? help" in form.keys)  # type: ignore[misc]
            form.row("trials").text = "17"
            await until(pilot, lambda form=form: "--trials 17" in form.command)  # type: ignore[misc]
            await pilot.press("escape")
            await until(pilot, lambda: not isinstance(pilot.app.screen, NewStudyScreen))
