"""What is wanted is obeyed wherever a run is."""

import os
import time
from threading import Event

import pytest

from engine.store.states import Desired
from engine.work.control import Control, Interrupted
from engine.work.patience import Patience


@pytest.mark.parametrize("desired", ["paused", "stopped"])
def test_what_waits_for_a_file_is_interrupted_within_two_seconds(desired: Desired) -> None:
    control = Control(lambda: desired, Patience(Event()))
    reading, writing = os.pipe()
    began = time.monotonic()
    with pytest.raises(Interrupted) as raised, control.obeyed_anywhere():
        os.read(reading, 1)  # which never comes
    assert raised.value.desired == desired
    assert time.monotonic() - began < 2.0
    os.close(reading)
    os.close(writing)


def test_what_is_caught_by_a_library_is_raised_again() -> None:
    control = Control(lambda: "paused", Patience(Event()))
    caught: list[BaseException] = []

    def wait() -> None:
        try:
            Event().wait()
        except BaseException as error:
            caught.append(error)
            Event().wait()

    with pytest.raises(Interrupted), control.obeyed_anywhere():
        wait()
    assert len(caught) == 1


def test_nothing_is_interrupted_that_shall_run() -> None:
    asked = Event()

    def ask() -> Desired:
        asked.set()
        return "running"

    control = Control(ask, Patience(Event()))
    with control.obeyed_anywhere():
        asked.wait()
    control.obey()
