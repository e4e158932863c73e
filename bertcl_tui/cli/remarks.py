"""``mark`` and ``note``: what a person says of trials, as on the screen of a study."""

from typing import Annotated

import typer

from bertcl_tui.cli.output import print_line
from bertcl_tui.cli.parameters import Numbers, Store, Study, numbers_in
from bertcl_tui.cli.stores import opened
from bertcl_tui.style.wording import count
from engine.store.connection import DEFAULT_STORE
from engine.store.remarks import change_marks, marks, set_note

Trial = Annotated[int, typer.Argument(min=0, help="The trial's number.")]
Note = Annotated[
    str, typer.Argument(help="In one line, with #tags if you like; empty takes it away.")
]
Off = Annotated[
    bool, typer.Option("--off", help="Take the marks of these trials away; without any, of all.")
]


def mark(
    study: Study, trials: Numbers = None, *, off: Off = False, store: Store = DEFAULT_STORE
) -> None:
    """Mark trials to be compared and combined, or print which are marked.

    A mark is kept in the store: whoever opens the study sees it.
    """
    asked = frozenset(numbers_in(trials))
    with opened(store) as at:
        record = at.study(study)
        at.check_trials(record, asked)
        if off:
            gone = asked or marks(at.store).get(record.id, frozenset())
            change_marks(at.store, record.id, off=gone)
        elif asked:
            change_marks(at.store, record.id, on=asked)
        now = marks(at.store).get(record.id, frozenset())
    numbers = " ".join(f"#{number}" for number in sorted(now))
    print_line(f"{count(len(now), 'trial')} marked{': ' if now else ''}{numbers}")


def note(study: Study, trial: Trial, text: Note, *, store: Store = DEFAULT_STORE) -> None:
    """Write a note on a trial; tables show it, and a filter finds it: note:#keep."""
    with opened(store) as at:
        record = at.study(study)
        at.check_trials(record, [trial])
        set_note(at.store, record.id, [trial], text)
