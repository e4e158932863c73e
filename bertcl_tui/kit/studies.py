"""What is asked before something is done with studies, one or several; it tells which they are."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from textual.screen import Screen

from bertcl_tui.kit.messages import ArchiveStudies, ControlStudies, DeleteStudies
from bertcl_tui.store.study_rows import StudyRow, WorkerRow
from bertcl_tui.style.wording import count, headway
from bertcl_tui.widgets.keys import key_for
from engine.store.states import Desired

Then = Callable[[Sequence[StudyRow]], None]
_ENDED: Final = ("complete", "stopped")
_AT_WORK: Final = ("running", "stalled")
_READING_SECONDS: Final = 15.0


def called(studies: Sequence[StudyRow]) -> str:
    """Write how one study is called, or how many there are."""
    return studies[0].name if len(studies) == 1 else count(len(studies), "study", "studies")


def ask(
    screen: Screen[Any], verb: str, studies: Sequence[StudyRow], detail: str, then: Then
) -> None:
    """Ask whether something is to be done with studies, tell which they are, and do it if so.

    Args:
        screen: over which is asked.
        verb: the word on the button.
        studies: those that it is done with.
        detail: what happens then.
        then: is called with the studies.
    """
    # Loaded here: it brings all options along, and the first frame needs none.
    from bertcl_tui.kit.dialogs import ConfirmScreen, listed

    named = f"{listed([study.name for study in studies])}\n\n" if len(studies) > 1 else ""

    def answered(yes: bool | None) -> None:  # noqa: FBT001 - the dialog gives it by place
        if yes:
            then(studies)

    screen.app.push_screen(
        ConfirmScreen(f"{verb} {called(studies)}?", f"{named}{detail}", verb), answered
    )


def pause_or_resume(
    screen: Screen[Any], studies: Sequence[StudyRow], workers: Sequence[WorkerRow]
) -> None:
    """Pause those that go on, or where none does let all go on; of several only after a yes."""
    unfinished = [study for study in studies if study.state != "complete"]
    if studies and not unfinished:
        is_one = len(studies) == 1
        said = f"is complete: {headway(studies[0])}" if is_one else "are complete"
        screen.notify(f"{called(studies)} {said}", markup=False)
    if not unfinished:
        return
    going = [
        study
        for study in unfinished
        if study.desired == "running" and not study.is_abandoned(workers)
    ]
    desired: Desired = "paused" if going else "running"
    chosen = going or unfinished
    if len(studies) == 1:
        _control(screen, desired, chosen)
        return
    verb, detail = (
        ("Pause", "They rest at a checkpoint until you let them go on.")
        if going
        else ("Resume", "They go on where they were.")
    )
    left = _left_out(len(studies) - len(chosen))
    ask(screen, verb, chosen, f"{detail}{left}", partial(_control, screen, desired))


def stop(screen: Screen[Any], studies: Sequence[StudyRow]) -> None:
    """Stop those that are not over, after a yes."""
    chosen = [study for study in studies if study.state not in _ENDED]
    if studies and not chosen:
        states = " or ".join(sorted({study.state for study in studies}))
        verb = "is" if len(studies) == 1 else "are"
        screen.notify(f"{called(studies)} {verb} {states} already", markup=False)
    if chosen:
        left = _left_out(len(studies) - len(chosen))
        detail = f"What was measured is kept. Pause instead to let it go on later.{left}"
        ask(screen, "Stop", chosen, detail, partial(_control, screen, "stopped"))


def delete(screen: Screen[Any], studies: Sequence[StudyRow]) -> None:
    """Delete studies after a yes; those at work are stopped first."""
    if not studies:
        return
    undo = key_for(screen.app, "undo_delete")
    trials = count(sum(sum(study.counts.values()) for study in studies), "trial")
    at_work = [study for study in studies if study.state in _AT_WORK]
    stopped = f"{called(at_work)} at work: stopped first, within a step.\n" if at_work else ""
    lost = f"{trials} and all that they measured go too; {undo} has it back for a minute."

    def carry_out(these: Sequence[StudyRow]) -> None:
        screen.post_message(DeleteStudies(_ids(these)))
        said = f"{called(these)} deleted; {undo} has {_it(these)} back for a minute"
        screen.notify(said, timeout=_READING_SECONDS, markup=False)

    verb = "Stop and delete" if at_work else "Delete"
    ask(screen, verb, studies, f"{stopped}{lost}", carry_out)


def archive(screen: Screen[Any], studies: Sequence[StudyRow]) -> None:
    """Put studies away, or have them back in the list where all of them are away."""
    if not studies:
        return
    archived = not all(study.archived for study in studies)
    screen.post_message(ArchiveStudies(_ids(studies), archived))
    more = f"; {key_for(screen.app, 'fold_archived')} lists {_it(studies)}" if archived else ""
    what = "archived" if archived else "in the list again"
    screen.notify(f"{called(studies)} {what}{more}", markup=False)


def _control(screen: Screen[Any], desired: Desired, studies: Sequence[StudyRow]) -> None:
    screen.post_message(ControlStudies(_ids(studies), desired))


def _ids(studies: Sequence[StudyRow]) -> list[int]:
    return [study.id for study in studies]


def _it(studies: Sequence[StudyRow]) -> str:
    return "it" if len(studies) == 1 else "them"


def _left_out(studies: int) -> str:
    return f"\n{count(studies, 'other')} marked: nothing to do there." if studies else ""
