"""What the form tells of tasks before they are learnt, and how long that will take."""

from pathlib import Path

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot
from textual.widgets import Static

from bertcl_tui.new_study.facts import facts_text
from bertcl_tui.new_study.facts_panel import FactsPanel
from bertcl_tui.new_study.screen import NewStudyScreen
from bertcl_tui.widgets.inputs import FieldRow, Picker
from engine.spec import Protocol
from engine.tasks.facts import NoFacts
from tests.bertcl_tui.host import SIZE, Host, settle
from tests.task_facts import FACTS

REVIEWS, PRIVACY = FACTS


def told(*facts: object, width: int = 80, **protocol: object) -> list[str]:
    """Return the lines that tell of the first task."""
    found = dict(zip(("a", "b"), facts, strict=False))
    text = facts_text(
        list(found) or ["a"],
        found,  # type: ignore[arg-type]
        Protocol(**protocol),  # type: ignore[arg-type]
        width=width,
        waiting="reading… 3 s",
    )
    return str(text).splitlines()


def test_rows_labels_tokens_and_an_example_of_each_task() -> None:
    assert told(REVIEWS, train_rows=800, max_length=100) == [
        "1 a",
        "  train 800 of 9,100 × 2 epochs · eval 1,000",
        "  fresh 57 % · rotten 43 %",
        "  27 tokens (median), 95 % ≤ 47 · 2 % cut at 100",
        "  “A film that is as warm as it is long, and it is long.” → rotten",
    ]
    assert told(PRIVACY, epochs=1)[1:4] == [
        "  train 7,900 × 1 epoch · eval 880",
        "  ! False 87 % · True 13 %",
        "  42 tokens (median), 95 % ≤ 84 · 2 % cut at 256",
    ]


def test_what_is_not_known_yet_or_at_all_is_said() -> None:
    assert told() == ["1 a", "  reading… 3 s"]
    assert told(replace(REVIEWS, tokens=None))[3] == "  reading… 3 s"
    assert told(replace(REVIEWS, tokens=()))[3] == "  tokens not counted: no tokenizer here"
    assert told(NoFacts(task="a", reason="gone")) == ["1 a", "  gone"]
    assert told(replace(REVIEWS, whole=True))[1].endswith("· of the whole task")
    many = replace(REVIEWS, labels=tuple("uvwxyz"), classes=(10, 50, 10, 5, 10, 15))
    assert told(many)[2] == "  6 labels: v 50 % … x 5 %"


@pytest.mark.parametrize("width", [12, 28, 58])
def test_lines_are_folded_below_their_beginning(width: int) -> None:
    lines = told(REVIEWS, PRIVACY, width=width)
    assert all(line.startswith("  ") or line[0].isdigit() for line in lines)
    assert max(map(len, lines)) <= max(width, 18)
    if width == 28:
        assert len(lines) <= 15, "both are seen at 80x24"


class Form:
    """The screen as a person uses it."""

    def __init__(self, pilot: Pilot[None]) -> None:
        self.pilot = pilot
        self.screen = pilot.app.screen

    async def fill(self, **texts: str) -> None:
        for name, text in texts.items():
            self.row(name).text = text
        await settle(self.pilot)

    def row(self, name: str) -> FieldRow:
        return self.screen.query_one(f"#{name.replace('_', '-')}", FieldRow)

    @property
    def facts(self) -> str:
        return str(self.screen.query_one(FactsPanel).query_one(Static).render())

    @property
    def readiness(self) -> str:
        return str(self.screen.query_one("#readiness", Static).render())


async def test_tasks_are_looked_at_as_they_are_named(
    tmp_path: Path, tasks: Path, backbone: Path
) -> None:
    texts = {"data": str(tasks), "model": str(backbone), "eval_rows": "16"}
    app = Host(str(tmp_path / "studies.db"), lambda reader: NewStudyScreen(reader, texts))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        form = Form(pilot)
        panel, picker = form.screen.query_one(FactsPanel), form.screen.query_one(Picker)
        assert (panel.display, picker.display) == (False, True)
        await form.fill(sequence="mood")
        assert "1 mood" in form.facts
        assert "train 48 × 2" in form.facts
        assert picker.display
        await pilot.resize_terminal(80, 24)  # room for one of them
        await settle(pilot)
        assert (panel.display, picker.display) == (True, False)
        await form.fill(sequence="mood:agree", train_rows="20", max_length="8")
        assert "2 agree" in form.facts
        assert "train 20 of 48" in " ".join(form.facts.split())
        assert "cut at 8" in " ".join(form.facts.split())
        assert form.readiness == "How long a trial takes is not known before the first one."
        await form.fill(sequence="mood:nothing")
        assert "2 " not in form.facts.splitlines()[-1]


async def test_how_long_it_takes_and_what_is_skewed_follow_what_is_asked_for(store: Path) -> None:
    app = Host(str(store), NewStudyScreen)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        form = Form(pilot)
        assert form.readiness.startswith("≈ ")
        assert " a trial · 60 trials ≈ " in form.readiness
        assert form.readiness.endswith("with 1 worker, as 20 runs of it took elsewhere.")
        before = form.readiness
        await form.fill(trials="6", train_rows="400")
        assert " a trial · 6 trials ≈ " in form.readiness
        assert form.readiness.partition(" a trial")[0] != before.partition(" a trial")[0]
        await form.fill(sequence="privacy-qa:boolq")
        assert "guessed from 20 runs of rotten-tomatoes:privacy-qa elsewhere" in form.readiness
        await form.fill(sequence="rotten-tomatoes:privacy-qa", budget="7")
        assert "7 epochs ≈ " in form.readiness

        # skewed labels are warned of beside what helps
        assert form.row("balance").caution == (
            "87% of privacy-qa is one label; weights evens that out."
        )
        await form.fill(balance="weights")
        assert form.row("balance").caution is None
