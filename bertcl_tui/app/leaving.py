"""Leaving the app, after a question where work is running."""

from collections.abc import Sequence

from textual.app import App

from bertcl_tui.app.controls import Controls
from bertcl_tui.store.reader import Reader
from bertcl_tui.store.study_rows import StudyRow
from engine.errors import EngineError
from engine.store.states import Desired


def leave(app: App[None], reader: Reader, controls: Controls) -> None:
    """Find out in a thread what works; leave, or first ask what is to become of it."""

    def find() -> None:
        try:
            studies = [study for study in reader.studies() if _works(study)]
            runs = [run.run_id for run in reader.unfinished_runs() if run.desired == "running"]
        except EngineError:
            studies, runs = [], []
        app.call_from_thread(_leave, app, controls, studies, runs)

    app.run_worker(find, thread=True, exclusive=True, group="leave")


def _leave(
    app: App[None], controls: Controls, studies: Sequence[StudyRow], runs: Sequence[int]
) -> None:
    if not studies and not runs:
        app.exit()
        return
    from bertcl_tui.kit.dialogs import LeaveScreen

    def answered(desired: Desired | None) -> None:
        if desired == "running":
            app.exit()
        elif desired is not None:
            controls.stand_down([study.id for study in studies], runs, desired, app.exit)

    names = [study.name for study in studies]
    app.push_screen(LeaveScreen(names, len(runs), controls.waiting_rows), answered)


def _works(study: StudyRow) -> bool:
    return study.desired == "running" and study.state in {"running", "queued", "stalled", "lost"}
