"""New table: what is typed and picked, the command that does the same, and what is asked for."""

from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Button, Input, Static

from bertcl_tui.arena.fields import FORM_FIELDS, OF_SEARCHES, table_command
from bertcl_tui.arena.messages import FillTable
from bertcl_tui.arena.new_table import NewTableScreen
from bertcl_tui.kit.messages import Trouble
from bertcl_tui.widgets.inputs import CommandLine, FieldRow, Picker
from engine.arena.entrants import RATES
from engine.arena.plan import arena_seeds
from engine.spec.methods import METHODS
from engine.store.connection import open_store
from engine.store.runs import entries
from tests.bertcl_tui.host import SIZE, Host, settle

HUB = {"sequences": "sst2:mrpc", "methods": "flat", "data": "hub"}


class Form:
    """The screen as a person uses it."""

    def __init__(self, pilot: Pilot[None]) -> None:
        self.pilot = pilot
        self.screen = pilot.app.screen

    def row(self, name: str) -> FieldRow:
        return self.screen.query_one(f"#{name.replace('_', '-')}", FieldRow)

    async def fill(self, **texts: str) -> None:
        for name, text in texts.items():
            self.row(name).text = text
        await settle(self.pilot)

    @property
    def wrong(self) -> list[str]:
        return [row.field.name for row in self.screen.query(FieldRow) if row.trouble]

    @property
    def command(self) -> str:
        return self.screen.query_one(CommandLine).command

    @property
    def readiness(self) -> str:
        return str(self.screen.query_one("#readiness", Static).render())


@pytest.fixture
def store(tmp_path: Path) -> str:
    return str(tmp_path / "studies.db")


def host(store: str) -> Host:
    return Host(store, lambda reader: NewTableScreen(reader, HUB))


@pytest.mark.action("new-table", "copy_command", "back")
async def test_runs_are_counted_and_the_command_follows_is_copied_and_leaves_without_a_trace(
    store: str,
) -> None:
    async with host(store).run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        form = Form(pilot)
        row = form.row("first_lr")
        assert row.disabled
        await form.fill(methods="flat,replay@combined-later", first_lr="1e-4")
        assert not row.disabled
        assert "--first-lr 1e-4" in form.command
        await form.fill(methods="flat,replay@combined")
        assert row.disabled
        assert "--first-lr" not in form.command
        await form.fill(methods="flat,none such")
        assert not row.disabled, "nobody knows what it will be"

        await form.fill(sequences="sst2:mrpc,mrpc:sst2", methods="flat,joint,replay", seeds="4")
        assert form.readiness == "24 of 24 runs are missing."
        await form.fill(sequences="", methods="", layout="table2", first_lr="")
        assert form.readiness == "64 of 64 runs are missing."
        assert form.row("sequences").default == "as in the paper"

        await form.fill(**HUB | {"methods": "flat,bertcl"}, layout="free", budget="24", epochs="2")
        texts = {**HUB, "methods": "flat,bertcl", "budget": "24", "epochs": "2", "seeds": "4"}
        assert form.command == table_command(texts, store=store)
        await pilot.press("ctrl+y")
        assert pilot.app.clipboard == form.command
        await pilot.press("escape")
        await settle(pilot)
        assert pilot.app.screen is not form.screen
    assert not Path(store).exists()


async def test_what_is_wrong_is_said_as_it_is_typed(store: str) -> None:
    async with host(store).run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        form = Form(pilot)
        assert form.wrong == []
        assert all(form.row(item.name).note for item in FORM_FIELDS)
        for fields in (
            {
                "sequences": ("sst2:mrcp", "did you mean 'mrpc'"),
                "seeds": ("0", "seeds is 0"),
                "budget": ("many", "budget 'many'"),
                "lr": ("2", "learning rate 2 must be above 0"),
            },
            {"methods": ("flat,flot", "no method named 'flot'")},
            {"layout": ("table2", "leave this empty")},
        ):
            await form.fill(**{name: text for name, (text, _) in fields.items()})
            assert len(form.wrong) == len(fields)
            notes = "\n".join(form.row(name).note for name in form.wrong)
            assert all(said in notes for _, said in fields.values())
            assert "✗ to be mended first" in form.readiness
            right = {**HUB, "layout": "free"}
            await form.fill(**{name: right.get(name, "") for name in fields})
            assert form.wrong == []


async def test_a_long_text_takes_the_room_there_is_and_shows_its_beginning(store: str) -> None:
    texts = {**HUB, "sequences": ",".join(["sst2:mrpc", "mrpc:sst2", "rte:mrpc"] * 4)}
    app = Host(store, lambda reader: NewTableScreen(reader, texts))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        form = Form(pilot)
        entries = [form.row(name).query_one(Input) for name in ("sequences", "seeds")]
        assert entries[0].size.width > 1.5 * entries[1].size.width
        assert entries[0].render_line(0).text.strip().startswith("sst2:mrpc,mrpc:sst2")


@pytest.mark.action("new-table", "pick")
async def test_methods_are_picked_from_lines_that_say_their_time_and_a_sequence_is_completed(
    store: str,
) -> None:
    async with host(store).run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        form = Form(pilot)
        picker = form.screen.query_one(Picker)
        lines = [strip.text for strip in (picker.render_line(y) for y in range(4))]
        assert [line.split()[1:3] for line in lines] == [
            ["flat", "1×"],
            ["llrd", "1×"],
            ["freeze-k", "<1×"],
            ["ewc-mlm", "1×+"],
        ]
        assert all(line.rstrip().endswith("…") for line in lines[1:])
        await pilot.press("ctrl+t", "home", "down", "down", "down")
        hint = str(pilot.app.screen.query_one("#hint", Static).render())
        assert hint.startswith("ewc-mlm: elastic weight consolidation")
        assert "(time: the Fisher once" in hint
        assert picker.virtual_size.height == picker.option_count

        assert picker.option_count == len(METHODS) - 1 + len(RATES)
        picker.focus()
        await pilot.press("home", "down", "space", "home", "space")
        await settle(pilot)
        assert form.row("methods").text == "llrd"

        await form.fill(sequences="sst2:mrpc,")
        form.row("sequences").focus_entry()
        await pilot.press("end", *"rt")
        await settle(pilot)
        await pilot.press("right")
        await settle(pilot)
        assert form.row("sequences").text == "sst2:mrpc,rte"


@pytest.mark.action("new-table", "start")
@pytest.mark.process
@pytest.mark.usefixtures("forked")
async def test_start_queues_what_is_missing_and_tells_the_app(
    store: str, tasks: Path, backbone: Path
) -> None:
    app = host(store)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        form = Form(pilot)
        await form.fill(
            data=str(tasks),
            model=str(backbone),
            sequences="mood:agree",
            methods="flat,replay",
            seeds="2",
            train_rows="16",
            eval_rows="16",
            device="cpu",
        )
        assert form.wrong == []
        await pilot.press("ctrl+s", "ctrl+s")
        assert form.screen.query_one("#start", Button).disabled
        await settle(pilot)
        (told,) = app.told
        assert isinstance(told, FillTable), told
        assert told.launched.runs == 4
        assert pilot.app.screen is not form.screen
    opened = open_store(store)
    found = {(item.entrant, item.run.spec.seed, item.run.state) for item in entries(opened)}
    opened.close()
    assert found == {
        (name, seed, "queued") for name in ("flat@2e-5", "replay@2e-5") for seed in arena_seeds(2)
    }


async def test_what_is_refused_is_said_and_can_be_tried_again(tmp_path: Path) -> None:
    app = host(str(tmp_path / "no-such-folder" / "studies.db"))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        form = Form(pilot)
        await pilot.press("ctrl+s")
        await settle(pilot)
        (trouble,) = app.told
        assert isinstance(trouble, Trouble)
        assert "does not exist; make it first" in trouble.text
        assert not form.screen.query_one("#start", Button).disabled


def test_every_option_that_all_runs_share_can_be_chosen() -> None:
    assert {item.name for item in OF_SEARCHES} <= {item.name for item in FORM_FIELDS}
