"""What a person asks of studies, runs and workers, written to the store in threads."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Lock

from textual.app import App
from textual.worker import get_current_worker

from bertcl_tui.app.marking import Changes, UnsavedMarks
from bertcl_tui.arena.messages import FillTable
from bertcl_tui.kit.live import StoreChanged
from bertcl_tui.kit.messages import RenameStudy, Trouble, WriteNote, WriteReport
from bertcl_tui.store.control import (
    add_worker,
    archive_studies,
    change_marks,
    control_runs,
    control_studies,
    control_worker,
    hide_studies,
    purge,
    rename_study,
    restore_latest,
    retry_runs,
    set_note,
    set_study_note,
    start_workers,
)
from bertcl_tui.store.reader import Reader
from bertcl_tui.style.wording import count, size
from engine.errors import EngineError, shown
from engine.files import check_target, expanded
from engine.store.states import Desired

Call = Callable[[], None]


class Controls:
    """Carries out what is asked for; says in a line what cannot be done.

    Args:
        app: whose threads work, and who says what came of it.
        reader: of the store that is written to.
    """

    def __init__(self, app: App[None], reader: Reader) -> None:
        self._app = app
        self._reader = reader
        self._store = reader.store
        self._marking = Lock()
        self.waiting_rows: tuple[str, ...] = ()
        """Rows of the arena that wait for searches; they are queued while the app is open."""

    def studies(self, study_ids: Sequence[int], desired: Desired) -> None:
        """Let studies run, pause or stop."""
        what = "starting workers" if desired == "running" else "writing what is wanted"
        self._in_thread(lambda: control_studies(self._store, study_ids, desired), what=what)

    def runs(self, run_ids: Sequence[int], desired: Desired) -> None:
        """Let runs go on, pause or stop."""
        what = "starting workers" if desired == "running" else "writing what is wanted"
        self._in_thread(lambda: control_runs(self._store, run_ids, desired), what=what)

    def worker(self, worker_id: int, desired: Desired) -> None:
        """Let a worker work, pause or end."""
        self._in_thread(lambda: control_worker(self._store, worker_id, desired))

    def start_workers(self) -> None:
        """Start the workers that are missing."""
        self._in_thread(lambda: start_workers(self._store), what="starting workers")

    def add_worker(self, device: str, threads: int, stack: int) -> None:
        """Start one more worker."""
        self._in_thread(
            lambda: add_worker(self._store, device, threads, stack), what="starting a worker"
        )

    def retry(self, run_ids: Sequence[int]) -> None:
        """Queue runs again that ended without a result."""
        queued = f"{count(len(run_ids), 'run')} queued again"
        self._in_thread(
            lambda: retry_runs(self._store, run_ids),
            lambda: self._app.notify(queued, markup=False),
            what="checking data, model and device",
        )

    def mark(self, study_id: int, unsaved: UnsavedMarks) -> None:
        """Keep which trials of a study were marked or unmarked.

        Whichever thread writes last, it writes what is unsaved by then.
        """
        saved: Changes = {}

        def save() -> None:
            nonlocal saved
            with self._marking:
                saved = unsaved.of(study_id)
                change_marks(self._store, study_id, saved)

        self._in_thread(save, lambda: unsaved.leave_to_store(study_id, saved))

    def note(self, asked: WriteNote) -> None:
        """Ask for a note on a trial or a study, and keep it."""
        from bertcl_tui.kit.dialogs import FormScreen
        from bertcl_tui.options.readers import Field
        from engine.store.remarks import checked_note

        def remark(texts: Mapping[str, str]) -> str:
            return "A filter finds it, such as note:#keep." if texts["note"] else "No note."

        def keep(note: str) -> None:
            if asked.number is None:
                set_study_note(self._store, asked.study_id, note)
            else:
                set_note(self._store, asked.study_id, [asked.number], note)

        def answered(texts: Mapping[str, str] | None) -> None:
            if texts is not None:
                self._in_thread(partial(keep, texts["note"]))

        what = "In one line, with #tags if you like."
        field = Field("note", "Note", what, checked_note, long=True)
        form = FormScreen(
            f"Note on {asked.name if asked.number is None else f'#{asked.number}'}",
            [field],
            go="Keep",
            remark=remark,
            begun={"note": asked.note},
        )
        self._app.push_screen(form, answered)

    def delete(self, study_ids: Sequence[int], deleted: Call) -> None:
        """Delete studies, for a minute only from sight; then call ``deleted`` in the app's loop."""
        self._in_thread(
            lambda: hide_studies(self._store, study_ids), deleted, what="deleting studies"
        )

    def undo_delete(self) -> None:
        """Have back what was deleted last."""

        def restore() -> None:
            names = restore_latest(self._store)
            self._say(f"{', '.join(map(shown, names))} {'is' if len(names) == 1 else 'are'} back")

        self._in_thread(restore, what="undoing the deletion")

    def purge(self) -> None:
        """Delete for good what can be had back no more; what is in the way is tried again later."""

        def work() -> None:
            with suppress(EngineError):
                if self._reader.exists and self._reader.has_deleted():
                    purge(self._store)

        self._app.run_worker(work, thread=True, group="purge")

    def archive(self, study_ids: Sequence[int], *, archived: bool) -> None:
        """Put studies away, or have them back in the list."""
        self._in_thread(
            lambda: archive_studies(self._store, study_ids, archived=archived),
            what="archiving studies",
        )

    def rename(self, asked: RenameStudy) -> None:
        """Ask for another name for a study, and give it that."""
        from bertcl_tui.kit.dialogs import FormScreen
        from bertcl_tui.options.readers import Field, study_name

        def remark(_: Mapping[str, str]) -> str:
            return "Runs go on; what files say of it stays. The old name finds it too."

        def answered(texts: Mapping[str, str] | None) -> None:
            if texts is not None:
                name = texts["name"]
                rename = partial(rename_study, self._store, asked.study_id, name)
                self._in_thread(rename, what="renaming the study")

        what = "What the study is called."
        field = Field("name", "Name", what, study_name, default=asked.name, long=True)
        form = FormScreen(f"Rename {asked.name}", [field], go="Rename", remark=remark)
        self._app.push_screen(form, answered)

    def stand_down(
        self, study_ids: Sequence[int], run_ids: Sequence[int], desired: Desired, done: Call
    ) -> None:
        """Let everything that runs pause or stop; then call ``done`` in the app's loop."""

        def control_all() -> None:
            control_studies(self._store, study_ids, desired)
            control_runs(self._store, run_ids, desired)

        self._in_thread(control_all, done, what="writing what is wanted")

    def report(self, asked: WriteReport) -> None:
        """Ask for a file, and write the report of a study or of the arena into it."""
        from bertcl_tui.kit.dialogs import FormScreen
        from bertcl_tui.options.readers import file_field
        from bertcl_tui.report.page import check_report, report_file

        def target(texts: Mapping[str, str]) -> Path:
            return expanded(texts["path"]).absolute()

        def remark(texts: Mapping[str, str]) -> str:
            out = target(texts)
            check_report(out)
            check_target(out)
            return f"{'Replaces' if out.exists() else 'Writes'} {out}: one file, about 1 MB."

        def answered(texts: Mapping[str, str] | None) -> None:
            if texts is not None:
                out = target(texts)
                write = partial(self._write_report, asked.study_id, out)
                self._in_thread(write, what="writing the report")

        field = file_field("Ends in .html; any browser opens it.", report_file(asked.name))
        title = "Report of the arena" if asked.study_id is None else f"Report of {asked.name}"
        form = FormScreen(title, [field], go="Write", remark=remark)
        self._app.push_screen(form, answered)

    def _write_report(self, study_id: int | None, out: Path) -> None:
        from bertcl_tui.report.arena import write_arena_report
        from bertcl_tui.report.writing import write_study_report

        if study_id is None:
            written = write_arena_report(self._reader, out)
        else:
            written = write_study_report(self._reader, study_id, out)
        self._say(f"report written to {shown(out)} ({size(written)})")

    def fill_table(self, message: FillTable) -> None:
        """Queue the rows of a table that wait for searches, as soon as these are over."""
        self._app.run_worker(partial(self._fill_table, message), thread=True, group="tables")

    def _fill_table(self, message: FillTable) -> None:
        from bertcl_tui.arena.launching import describe, go_on

        worker = get_current_worker()
        request, launched = message.request, message.launched
        self._say(describe(launched))
        try:
            start_workers(self._store)
            self.waiting_rows = launched.waiting
            for later in go_on(self._reader, request, launched, lambda: worker.is_cancelled):
                start_workers(self._store)
                self.waiting_rows = later.waiting
                self._say(describe(later))
        except EngineError as error:
            self.waiting_rows = ()
            self._app.post_message(Trouble(str(error)))

    def _in_thread(self, change: Call, done: Call | None = None, *, what: str = "") -> None:
        """Change the store, then call ``done`` in the app's loop; or say what kept it unchanged.

        ``what`` is said on top while it takes long.
        """

        def work() -> None:
            try:
                change()
            except EngineError as error:
                self._app.post_message(Trouble(str(error)))
                return
            self._app.post_message(StoreChanged())
            if done is not None:
                self._app.call_from_thread(done)

        self._app.run_worker(work, thread=True, group="control", description=what)

    def _say(self, text: str) -> None:
        self._app.call_from_thread(self._app.notify, text, markup=False)
