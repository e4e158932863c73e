"""One look at a study."""

from pathlib import Path

from sqlalchemy import insert

from bertcl_tui.compare.look import look_at_comparison
from bertcl_tui.store.reader import Reader
from bertcl_tui.store.trial_rows import BY_P, OLDEST_FIRST
from bertcl_tui.study.look import Question, look_at_study
from bertcl_tui.study.panels.forgetting import forgetting_of
from engine.store.connection import open_store
from engine.store.measurements import ProbeRecord, record_stage_end
from engine.store.remarks import change_marks
from engine.store.schema import measurement
from tests.recorded import RUNNING, STAGE_STEPS, WORKER

LIVE_ID = 1


def _give_back(store: Path) -> None:
    """Let the trial that runs rest in its midst."""
    opened = open_store(str(store))
    with opened.writing() as connection:
        connection.exec_driver_sql(
            "UPDATE cl_run SET state = 'paused', desired = 'paused', worker_id = NULL WHERE id = 43"
        )
    opened.close()


def test_a_paused_trial_keeps_what_it_would_score_by_now(store: Path, reader: Reader) -> None:
    question = Question(study_id=1)
    before = look_at_study(reader, question, None)
    _give_back(store)
    after = look_at_study(reader, question, None)
    assert before is not None
    assert after is not None
    assert after.known == before.known
    assert after.known[30].p_o is not None


def test_trials_that_rest_in_their_midst_stay_drawn_and_the_legend_says_so(
    store: Path, reader: Reader
) -> None:
    elsewhere = Question(study_id=LIVE_ID, cursor=10, marked=frozenset())
    going = look_at_study(reader, elsewhere, None)
    assert going is not None
    _give_back(store)
    paused = look_at_study(reader, elsewhere, going)
    assert paused is not None
    assert paused.slots == going.slots
    names = [[line.name for line in forgetting_of(look).lines] for look in (going, paused)]
    assert names == [["#10", "running #30"], ["#10", "paused #30"]]


def test_what_is_lost_by_now_is_told_of_the_rows_of_the_curve_alone(
    store: Path, reader: Reader
) -> None:
    """What stage 1 came to on all rows is no start from which that falls."""
    before = look_at_study(reader, Question(study_id=LIVE_ID), None)
    writer = open_store(str(store))
    end = {"run_id": RUNNING, "stage": 0, "task": 0, "step": STAGE_STEPS, "split": "search"}
    with writer.writing() as connection:
        connection.execute(insert(measurement).values(**end, accuracy=0.123))
    after = look_at_study(reader, Question(study_id=LIVE_ID), before)
    assert before is not None
    assert after is not None
    assert after.known[30] == before.known[30]
    assert after.known[30].forgetting is not None
    assert after.curves[RUNNING].curves[0].ends == ((STAGE_STEPS, 0.123),)


def test_what_probes_tell_of_the_cursors_trial_is_known_as_soon_as_a_stage_is_over(
    store: Path, reader: Reader
) -> None:
    """Of one that goes on too, and without asking again for one that is over."""
    question = Question(study_id=LIVE_ID, cursor=30)
    before = look_at_study(reader, question, None)
    assert before is not None
    assert before.notes == ()
    writer = open_store(str(store))
    first = ProbeRecord(stage=0, task=0, rows=100, score=0.75)
    record_stage_end(writer, RUNNING, WORKER, (), [first])
    learnt = look_at_study(reader, question, before)
    assert learnt is not None
    assert learnt.notes[0] == "#30 encoder by a new head 0.750 after stage 1"
    whole = {"split": "search", "run_id": RUNNING}
    ends = [((0, 0, 100), 0.8), ((1, 0, 200), 0.7), ((1, 1, 200), 0.6)]
    with writer.writing() as connection:
        for (stage, task, step), accuracy in ends:
            value = {"stage": stage, "task": task, "step": step, "accuracy": accuracy}
            connection.execute(insert(measurement).values(**whole, **value))
    second = ProbeRecord(stage=1, task=0, rows=100, score=0.73)
    record_stage_end(writer, RUNNING, WORKER, (), [second])
    over = look_at_study(reader, question, learnt)
    writer.close()
    assert over is not None
    assert over.notes[0] == "#30 lost 0.100: encoder 0.020, head 0.080"
    assert list(over.notes) == sorted(over.notes, key=len, reverse=True)


def test_a_trial_has_one_colour_whatever_is_marked_sorted_or_under_the_cursor(
    reader: Reader,
) -> None:
    """Compare, which reads the marks of the store, has the same."""
    number, rival = 9, 1  # of one colour
    seen = set()
    for order in (BY_P, OLDEST_FIRST):
        for marked in ({number}, {number, 10, 6}, set(range(10, 17)) - {10} | {number}):
            for cursor in (10, number, 25):
                question = Question(
                    study_id=LIVE_ID, order=order, marked=frozenset(marked), cursor=cursor
                )
                look = look_at_study(reader, question, None)
                assert look is not None
                assert len(set(look.slots.values())) == len(look.slots) <= 8
                seen.add(look.slots[number])
    assert seen == {number % 8}
    change_marks(open_store(reader.store), LIVE_ID, on={number, rival})
    look = look_at_study(reader, Question(study_id=LIVE_ID), None)
    comparison = look_at_comparison(reader, LIVE_ID, (number, rival))
    assert look is not None
    assert comparison is not None
    compared = {each.trial.number: each.slot for each in comparison.several}
    assert compared == {each: look.slots[each] for each in (number, rival)}
    assert compared[rival] == rival % 8 != compared[number]


def test_of_many_marked_trials_eight_are_bright(reader: Reader) -> None:
    question = Question(study_id=LIVE_ID, marked=frozenset(range(20)), cursor=18)
    look = look_at_study(reader, question, None)
    assert look is not None
    lines = forgetting_of(look).lines
    bright = [line.slot for line in lines if line.emphasis != "dim"]
    assert len(set(bright)) == len(bright) <= 8
    assert lines[0].name == "#18"
    assert lines[0].emphasis == "bright"
