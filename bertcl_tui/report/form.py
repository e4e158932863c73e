"""Writing a report from the app: which file, then in a thread."""

from functools import partial
from pathlib import Path

from textual.app import App

from bertcl_tui.kit.dialogs import FormScreen, Texts
from bertcl_tui.kit.messages import Trouble, WriteReport
from bertcl_tui.options.readers import file_field
from bertcl_tui.report.page import check_report, report_file
from bertcl_tui.store.reader import Reader
from bertcl_tui.style.wording import size
from engine.errors import EngineError, shown
from engine.files import check_target, expanded


def ask_for_report(app: App[None], reader: Reader, asked: WriteReport) -> None:
    """Ask where the report goes, and write it; the app says what came of it."""

    def answered(texts: Texts | None) -> None:
        if texts is not None:
            work = partial(_write, app, reader, asked.study_id, _target(texts))
            app.run_worker(work, thread=True, group="report")

    def remark(texts: Texts) -> str:
        target = _target(texts)
        check_report(target)
        check_target(target)
        return f"{'Replaces' if target.exists() else 'Writes'} {target}: one file, about 1 MB."

    field = file_field("Ends in .html; any browser opens it.", report_file(asked.name))
    title = "Report of the arena" if asked.study_id is None else f"Report of {asked.name}"
    app.push_screen(FormScreen(title, [field], go="Write", remark=remark), answered)


def _target(texts: Texts) -> Path:
    return expanded(texts["path"]).absolute()


def _write(app: App[None], reader: Reader, study_id: int | None, out: Path) -> None:
    from bertcl_tui.report.arena import write_arena_report
    from bertcl_tui.report.writing import write_study_report

    try:
        if study_id is None:
            written = write_arena_report(reader, out)
        else:
            written = write_study_report(reader, study_id, out)
    except EngineError as error:
        app.post_message(Trouble(str(error)))
        return
    text = f"report written to {shown(out)} ({size(written)})"
    app.call_from_thread(app.notify, text, markup=False)
