"""One look at a study."""

from pathlib import Path

from bertcl_tui.store.reader import Reader
from bertcl_tui.study.look import Question, look_at_study
from engine.store.connection import open_store


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
