"""Trials that run once more: with fresh seeds to confirm their score, or because they failed."""

from collections.abc import Sequence
from functools import partial

from textual.screen import Screen

from bertcl_tui.arena.forms import Again, again_form, confirm_trials, read_again
from bertcl_tui.kit.dialogs import Texts
from bertcl_tui.kit.messages import RetryRuns, StartWorkers, Trouble
from bertcl_tui.store.reader import Reader
from bertcl_tui.study.look import Look
from bertcl_tui.style.wording import count
from engine.errors import EngineError
from engine.store.states import RETRIED


def ask_to_confirm(
    screen: Screen[None], reader: Reader, look: Look, marked: frozenset[int]
) -> None:
    """Ask how often, then have the marked trials, or the best ones, run with fresh seeds."""
    if not look.scored:
        screen.notify(f"{look.study.name} has no complete trial yet", markup=False)
        return

    def answered(texts: Texts | None) -> None:
        if texts is not None:
            top, seeds = read_again(texts)
            again = Again(study_id=look.study.id, numbers=marked, top=top, seeds=seeds)
            screen.notify("Checking data, model and device…", markup=False)
            confirm = partial(_confirm, screen, reader, again)
            screen.run_worker(confirm, thread=True, group="confirm")

    complete = [trial.number for trial in look.scored]
    screen.app.push_screen(again_form(complete, marked), answered)


def _confirm(screen: Screen[None], reader: Reader, again: Again) -> None:
    try:
        runs = confirm_trials(reader.store, again)
    except EngineError as error:
        screen.post_message(Trouble(str(error)))
        return
    text = f"{count(runs, 'run')} asked for; what they score stands beside p"
    screen.app.call_from_thread(screen.app.notify, text, markup=False)
    screen.app.post_message(StartWorkers())


def retry(screen: Screen[None], reader: Reader, study_id: int, numbers: Sequence[int]) -> None:
    """Have those of these trials run again that ended without a result."""
    work = partial(_retry, screen, reader, study_id, numbers)
    screen.run_worker(work, thread=True, group="retry")


def _retry(screen: Screen[None], reader: Reader, study_id: int, numbers: Sequence[int]) -> None:
    try:
        trials = reader.chosen_trials(study_id, numbers)
    except EngineError as error:
        screen.post_message(Trouble(str(error)))
        return
    again = [trial.run_id for trial in trials if trial.state in RETRIED]
    if again:
        screen.app.post_message(RetryRuns(again))
    else:
        states = ", ".join(f"#{trial.number} is {trial.state}" for trial in trials[:3])
        text = f"nothing to run again: {states or 'no trial'}"
        screen.app.call_from_thread(screen.app.notify, text, markup=False)
