"""What the trials of a study are held against, where it has no flat run of its own too."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace
from sqlalchemy import update
from textual.widgets import OptionList

from bertcl_tui.compare.look import look_at_comparison
from bertcl_tui.store.reader import Reader
from bertcl_tui.study.baseline import BaselineScreen, flat_name
from bertcl_tui.study.look import Look, Question, look_at_study, trials_to_compare
from bertcl_tui.study.panels.forgetting import forgetting_of
from bertcl_tui.study.panels.plane import plane_of
from engine.spec import RunSpec
from engine.store.connection import Store, open_store
from engine.store.schema import run
from engine.store.studies import create_study, get_study

LIVE_ID, FLAT_RUN, OTHER_FLAT_RUN = 1, 1, 2


@dataclass
class Elsewhere:
    """A store in which the flat runs of the live study are of another, of the same kind."""

    store: Store

    def change(self, run_id: int, **changes: object) -> None:
        """Let a run have been asked for otherwise."""
        with self.store.writing() as connection:
            spec = connection.execute(run.select().where(run.c.id == run_id)).one().spec
            asked = replace(msgspec.json.decode(spec, type=RunSpec), **changes)
            text = msgspec.json.encode(asked).decode()
            connection.execute(update(run).where(run.c.id == run_id).values(spec=text))


@pytest.fixture
def elsewhere(store: Path) -> Iterator[Elsewhere]:
    opened = open_store(str(store))
    other = create_study(opened, replace(get_study(opened, LIVE_ID).spec, name="other"))
    with opened.writing() as connection:
        flat = (run.c.study_id == LIVE_ID) & run.c.label.startswith("flat")
        connection.execute(update(run).where(flat).values(study_id=other))
    yield Elsewhere(opened)
    opened.close()


def _look(reader: Reader, before: Look | None = None, **asked: object) -> Look:
    question = Question(study_id=LIVE_ID, **asked)  # type: ignore[arg-type]
    look = look_at_study(reader, question, before)
    assert look is not None
    return look


def test_a_study_without_a_flat_run_takes_the_best_of_its_kind(
    elsewhere: Elsewhere, reader: Reader
) -> None:
    look = _look(reader)
    assert look.flat is not None
    assert (look.flat.run_id, flat_name(look.flat)) == (FLAT_RUN, "flat 5e-6 (other)")
    drawing = forgetting_of(look)
    assert drawing.baseline is not None
    assert drawing.baseline.name == "flat 5e-6 (other)"
    assert drawing.baseline.run.curves
    assert plane_of(look).flat == look.flat
    assert look.flat.number not in trials_to_compare(look, ()), "it is no trial of the study"
    compared = look_at_comparison(reader, LIVE_ID, (10, 6))
    assert compared is not None
    assert compared.flat == look.flat
    assert compared.forgetting(10).baseline == drawing.baseline


def test_what_scores_otherwise_is_no_baseline(elsewhere: Elsewhere, reader: Reader) -> None:
    protocol = get_study(elsewhere.store, LIVE_ID).spec.protocol
    elsewhere.change(FLAT_RUN, model="another")
    elsewhere.change(OTHER_FLAT_RUN, protocol=replace(protocol, train_rows=7))
    elsewhere.change(3, first_lr=2e-5)
    elsewhere.change(4, data="hub")
    flat = _look(reader).flat
    assert flat is not None
    assert flat.run_id == 5
    elsewhere.change(5, protocol=replace(protocol, retention_rows=32))
    assert _look(reader).flat == flat, "followed otherwise, it scores the same"


def test_its_own_comes_first_and_nobody_else_is_asked_for(reader: Reader) -> None:
    look = _look(reader)
    assert look.flat is not None
    assert (flat_name(look.flat), look.elsewhere) == ("flat 5e-6", None)
    chosen = _look(reader, look, baseline=OTHER_FLAT_RUN)
    assert chosen.flat is not None
    assert flat_name(chosen.flat) == "flat 1e-5"
    assert chosen.elsewhere is None


def test_others_are_asked_for_once_until_a_trial_is_complete(
    elsewhere: Elsewhere, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = _look(reader)
    monkeypatch.setattr(Reader, "flats_elsewhere", lambda *_: pytest.fail("asked again"))
    assert _look(reader, first, cursor=6).flat == first.flat
    assert _look(reader, first, baseline=OTHER_FLAT_RUN).flat != first.flat


def test_the_dialog_says_whose_each_is(elsewhere: Elsewhere, reader: Reader) -> None:
    own = _look(reader).scored[0]
    other = _look(reader).flat
    assert other is not None
    screen = BaselineScreen([own, replace(other, of="a study with quite a long name")], own.run_id)
    choice = next(iter(screen.compose()))
    assert isinstance(choice, OptionList)
    said = [str(option.prompt) for option in choice.options]
    assert said[0].startswith(f"› flat #{own.number}")
    assert "of this study" in said[0]
    assert said[1].endswith("a study with quite a lo…")
