"""One table of everything a key can do; it feeds bindings, footer, help and command palette."""

from collections.abc import Iterator
from typing import Final

from textual.binding import Binding

from bertcl_tui.actions.action import Action, Place
from bertcl_tui.actions.app import EVERYWHERE, FORMS, SETTING, WATCHING
from bertcl_tui.actions.arena import ARENA, SHIFTS
from bertcl_tui.actions.curves import BRUSHING, CURVES, GROUPING, PLANE, REPLAY
from bertcl_tui.actions.studies import STUDIES
from bertcl_tui.actions.tables import CHOOSING, FILTERING, LISTS, MARKING, MOVING
from bertcl_tui.actions.trial import CLASSES, COMBINING, COMPARING, RUNS, TEXTS
from bertcl_tui.actions.workers import LOG, WORKERS

__all__ = ["ACTIONS", "Action", "Place", "actions_of", "bindings_of"]

ACTIONS: Final = (
    *MOVING,
    *MARKING,
    *CURVES,
    *PLANE,
    *REPLAY,
    *BRUSHING,
    *TEXTS,
    *CLASSES,
    *STUDIES,
    *COMPARING,
    *RUNS,
    *GROUPING,
    *LISTS,
    *FILTERING,
    *CHOOSING,
    *COMBINING,
    *ARENA,
    *SHIFTS,
    *SETTING,
    *WATCHING,
    *WORKERS,
    *LOG,
    *FORMS,
    *EVERYWHERE,
)


def actions_of(*places: Place) -> Iterator[Action]:
    """Yield the actions of these places, in the table's order."""
    return (action for action in ACTIONS if set(places) & set(action.places))


def bindings_of(place: Place) -> list[Binding]:
    """Return a place's bindings, for the ``BINDINGS`` of its class."""
    return [
        Binding(
            action.keys,
            action.handler,
            action.text,
            show=action.shown in {"footer", "wide"},
            tooltip=action.help_in(place),
            id=action.name,
        )
        for action in actions_of(place)
    ]
