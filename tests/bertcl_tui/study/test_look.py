"""One look at a study."""

from pathlib import Path

from sqlalchemy import insert

from bertcl_tui.store.reader import Reader
from bertcl_tui.study.look import Question, look_at_study
from engine.store.connection import open_store
from engine.store.measurements import ProbeRecord, record_stage_end
from engine.store.schema import measurement
from tests.recorded import RUNNING, WORKER

LIVE_ID = 1


def test_a_paused_trial_keeps_what_it_would_score_by_now(store: Path, reader: Reader) -> None:
    question = Question(study_id=1)
    before = look_at_study(reader, question, None)
    opened = open_store(str(store))
    with opened.writing() as connection:
        connection.exec_driver_sql(
            "UPDATE cl_run SET state = 'paused', desired = 'paused', worker_id = NULL WHERE id = 43"
        )
    opened.close()
    after = look_at_study(reader, question, None)
    assert before is not None
    assert after is not None
    assert after.running == ()
    assert after.known == before.known
    assert after.known[30].p_o is not None


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
