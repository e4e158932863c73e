"""One table of everything a key can do; it feeds bindings, footer, help and command palette."""

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct
from textual.binding import Binding

Place = Literal["app", "table", "studies", "study", "combine", "new-study", "dialog"]


class Action(Struct, frozen=True, kw_only=True):
    """What a key does in some places. ``action_<handler>`` of the place's class does it."""

    handler: str
    keys: str
    """Textual's key names, comma between alternatives; the first is the one shown."""
    text: str
    """A word or two, for footer and palette."""
    help: str
    """One sentence, for the help screen."""
    places: tuple[Place, ...]
    footer: bool = True
    palette: bool = True
    priority: bool = False


ACTIONS = (
    Action(
        handler="new_study",
        keys="n",
        text="new",
        help="Set up a new search.",
        places=("studies",),
    ),
    Action(
        handler="open_study",
        keys="enter,l",
        text="open",
        help="Open the study under the cursor.",
        places=("studies",),
    ),
    Action(
        handler="pause_or_resume",
        keys="space",
        text="pause/resume",
        help="Pause a running study in mid-trial, or let a paused one go on.",
        places=("studies",),
    ),
    Action(
        handler="stop_study",
        keys="s",
        text="stop",
        help="Stop the study for good; everything measured is kept.",
        places=("studies", "study"),
    ),
    Action(
        handler="combine",
        keys="c",
        text="combine",
        help="Combine the marked trials into one profile.",
        places=("studies", "study"),
    ),
    Action(
        handler="filter",
        keys="slash",
        text="filter",
        help="Show only what fits.",
        places=("studies", "study"),
    ),
    Action(
        handler="delete_study",
        keys="D",
        text="delete",
        help="Delete the study and everything measured in it.",
        places=("studies",),
    ),
    Action(
        handler="turn_down",
        keys="left",
        text="b -0.1",
        help="Turn b down: the trials weigh more alike.",
        places=("combine",),
    ),
    Action(
        handler="turn_up",
        keys="right",
        text="b +0.1",
        help="Turn b up: the best trials weigh more.",
        places=("combine",),
    ),
    Action(
        handler="turn_down_finely",
        keys="comma,shift+left",
        text="b -0.01",
        help="Turn b down by a hundredth.",
        places=("combine",),
        footer=False,
    ),
    Action(
        handler="turn_up_finely",
        keys="full_stop,shift+right",
        text="b +0.01",
        help="Turn b up by a hundredth.",
        places=("combine",),
        footer=False,
    ),
    Action(
        handler="reset_base",
        keys="0",
        text="b 1.8",
        help="Turn b back to 1.8, as in the paper.",
        places=("combine",),
        footer=False,
    ),
    Action(
        handler="toggle",
        keys="space",
        text="in or out",
        help="Take the study or trial under the cursor into the combination, or out of it.",
        places=("combine",),
    ),
    Action(
        handler="unfold",
        keys="enter",
        text="trials",
        help="Show the trials of the study under the cursor, or hide them.",
        places=("combine",),
    ),
    Action(
        handler="compare",
        keys="c",
        text="compare",
        help="Choose the profile that the marks show.",
        places=("combine",),
    ),
    Action(
        handler="transfer",
        keys="t",
        text="transfer",
        help="Carry the profile over to a backbone of another depth.",
        places=("combine",),
    ),
    Action(
        handler="evaluate",
        keys="v",
        text="evaluate",
        help="Run the profile on a sequence that no trial has seen.",
        places=("combine",),
    ),
    Action(
        handler="export",
        keys="e",
        text="export",
        help="Write the profile to a JSON file.",
        places=("combine",),
    ),
    Action(
        handler="start_study",
        keys="ctrl+s",
        text="start",
        help="Start the search; it runs on when the app is closed.",
        places=("new-study",),
    ),
    Action(
        handler="copy_command",
        keys="ctrl+y",
        text="copy command",
        help="Copy the command line that starts the same search.",
        places=("new-study",),
    ),
    Action(
        handler="back",
        keys="escape",
        text="back",
        help="Leave what is open: range, filter, then the screen.",
        places=("study", "combine", "new-study", "dialog"),
    ),
    Action(
        handler="show_help",
        keys="question_mark,f1",
        text="help",
        help="Show every key.",
        places=("app",),
    ),
    Action(
        handler="command_palette",
        keys="ctrl+p",
        text="palette",
        help="Find any action by name.",
        places=("app",),
        palette=False,
        priority=True,
    ),
    Action(
        handler="save_screenshot",
        keys="f12",
        text="screenshot",
        help="Save the screen as an SVG picture in the current folder.",
        places=("app",),
        footer=False,
        priority=True,
    ),
    Action(
        handler="leave",
        keys="q,ctrl+q",
        text="quit",
        help="Leave; asks what to do with running work.",
        places=("app",),
    ),
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
            show=action.footer,
            tooltip=action.help,
            priority=action.priority,
        )
        for action in actions_of(place)
    ]
