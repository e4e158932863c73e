"""What the charts of a study show of a look at it."""

from msgspec.structs import replace

from bertcl_tui.actions.studies import PANELS
from bertcl_tui.charts.forgetting import Learning, Nothing, earlier_tasks
from bertcl_tui.charts.rate_axis import rate_bounds
from bertcl_tui.charts.rates import Rates
from bertcl_tui.charts.style import DARK
from bertcl_tui.store.reader import Reader
from bertcl_tui.study.look import Look, Question, look_at_study
from bertcl_tui.study.panels import study_panels
from bertcl_tui.study.panels.forgetting import forgetting_of
from bertcl_tui.study.panels.plane import plane_of
from bertcl_tui.study.panels.rates import rates_of

LIVE_ID, PAUSED_ID = 1, 3


def _look(reader: Reader, cursor: int | None = None, *marked: int) -> Look:
    question = Question(study_id=LIVE_ID, cursor=cursor, marked=frozenset(marked))
    look = look_at_study(reader, question, None)
    assert look is not None
    return look


def test_curves_of_the_cursors_the_running_and_the_marked_trials(reader: Reader) -> None:
    drawing = forgetting_of(_look(reader, 10, 6, 25))
    lines = [(line.name, line.emphasis) for line in drawing.lines]
    assert lines == [
        ("#10", "bright"),
        ("running #30", "normal"),
        ("#6", "normal"),
        ("#25", "normal"),
    ]
    assert drawing.baseline is not None
    assert drawing.baseline.name == "flat 5e-6"


def test_no_trial_is_drawn_twice(reader: Reader) -> None:
    drawing = forgetting_of(_look(reader, 0, 0))
    assert [line.name for line in drawing.lines] == ["#0", "running #30"]
    assert drawing.baseline is None


def test_a_chart_of_curves_names_its_lines(reader: Reader) -> None:
    text = forgetting_of(_look(reader, 10)).draw((90, 24), DARK).plain
    assert "#10" in text
    assert "flat 5e-6" in text
    assert "step of stage 2" in text


def test_rates_of_the_cursors_trial_beside_the_flat_ones(reader: Reader) -> None:
    look = _look(reader, 10)
    drawing = rates_of(look)
    assert isinstance(drawing, Rates)
    assert drawing.labels == (
        "embeddings",
        "layer 1",
        "layer 2",
        "layer 3",
        "layer 4",
        "layer 5",
        "layer 6",
        "heads",
    )
    assert look.cursor is not None
    assert drawing.rates == look.cursor.learning_rates
    assert (drawing.marker, set(drawing.marked_rates)) == ("flat 5e-6", {5e-6})


def test_the_plane_labels_cursor_and_marks(reader: Reader) -> None:
    drawing = plane_of(_look(reader, 10, 6))
    assert drawing.selected == (10, 6)
    assert len(drawing.trials) == 24
    assert drawing.flat is not None


def test_no_curve_where_the_filter_hides_all(reader: Reader) -> None:
    look = _look(reader)
    nothing = replace(look, numbers=(), cursor=None, begun=(), flat=None)
    assert "No trial fits the filter." in forgetting_of(nothing).draw((60, 9), DARK).plain


def test_a_study_without_a_trial(reader: Reader) -> None:
    look = look_at_study(reader, Question(study_id=PAUSED_ID), None)
    assert look is not None
    assert look.cursor is None
    assert isinstance(rates_of(look), Nothing)
    assert "No accuracy measured" in forgetting_of(look).draw((60, 9), DARK).plain
    assert "No trial is complete" in plane_of(look).draw((60, 9), DARK).plain
    other = replace(look, study=replace(look.study, score="macro-f1"))
    assert "No macro-F1 measured" in forgetting_of(other).draw((60, 9), DARK).plain


def test_what_was_complete_before_is_not_asked_again(reader: Reader) -> None:
    before = _look(reader)
    again = look_at_study(reader, Question(study_id=LIVE_ID), before)
    assert again is not None
    assert again.scored is before.scored
    assert again.labels is before.labels


def test_a_deleted_study_is_none(reader: Reader) -> None:
    assert look_at_study(reader, Question(study_id=99), None) is None


def test_learning_shows_every_task(reader: Reader) -> None:
    look = _look(reader, 10)
    assert look.cursor is not None
    text = Learning(look.curves[look.cursor.run_id]).draw((100, 20), DARK).plain
    assert "stage 1 rotten-tomatoes" in text
    assert "stage 2 privacy-qa" in text


def test_bounds_are_the_search_space_or_wider() -> None:
    assert rate_bounds((1e-6, 1e-4)) == (1e-7, 1e-3)
    assert rate_bounds((3e-9, 2e-2)) == (1e-9, 1e-1)
    assert rate_bounds(()) == (1e-7, 1e-3)


def test_earlier_tasks_by_name_or_number() -> None:
    assert earlier_tasks(("sst2", "mrpc")) == "sst2"
    assert earlier_tasks(("a", "b", "c")) == "2 earlier tasks"


def test_the_next_trial_of_the_plane_lies_that_way(reader: Reader) -> None:
    plane = plane_of(_look(reader, 10))
    places = {trial.number: (trial.p_s, trial.p_o) for trial in plane.trials}
    x, y = places[10]
    beside = {way: plane.beside(way) for way in ("left", "right", "up", "down")}  # type: ignore[arg-type]
    left, right, down = beside["left"], beside["right"], beside["down"]
    assert left is not None
    assert left.p_s < x
    assert right is not None
    assert right.p_s > x
    assert down is not None
    assert down.p_o < y
    assert beside["up"] is None  # nobody kept more


def test_from_nowhere_the_plane_is_entered_at_the_best_trial(reader: Reader) -> None:
    plane = plane_of(_look(reader, 30))
    best = plane.beside("left")
    assert best is not None
    assert best.number == 10


def test_every_key_of_a_chart_has_a_panel_that_draws(reader: Reader) -> None:
    look = _look(reader, 10)
    panels = study_panels()
    assert list(panels) == [panel.name for panel in PANELS]
    assert all(panel.title(look) for panel in panels.values())
    assert all(panel.drawing(look).draw((60, 12), DARK).plain for panel in panels.values())
