"""What can be done with studies and their trials."""

from functools import partial
from typing import Final, NamedTuple

from bertcl_tui.actions.action import Action


class PanelKey(NamedTuple):
    """A chart of the Study screen, which the key of its number shows."""

    name: str
    """Of its module in ``bertcl_tui.study.panels``."""
    text: str
    """A word or two, for footer and palette."""
    help: str
    """One sentence, for the help screen."""


PANELS: Final = (
    PanelKey("forgetting", "forgetting", "Show the forgetting curves; again makes them large."),
    PanelKey("rates", "rates", "Show the learning rate of each choice."),
    PanelKey("plane", "plane", "Show p_o against p_s."),
    PanelKey("importance", "what matters", "Show which choice the differences of p hang on."),
)
"""The charts of the Study screen, in the order of their keys."""

_studies = partial(Action, places=("studies",))
_study = partial(Action, places=("study",))
_both = partial(Action, places=("studies", "study"))
STUDIES = (
    Action("open", "enter,l,right", "open", "Open what is under the cursor.", ("table",)),
    _studies("new_study", "n", "new", "Set up a new search."),
    _studies(
        "pause_or_resume",
        "space",
        "pause/resume",
        "Pause a running study in mid-trial, or let a paused one go on.",
    ),
    _study("pause_study", "p", "pause", "Pause the study in mid-trial; it lets go of the device."),
    _study("resume_study", "r", "resume", "Let the study go on where it was."),
    _studies(
        "why",
        "w",
        "why",
        "Say why the study stands as it does, and what can be done.",
        shown="wide",
    ),
    _both("stop_study", "s", "stop", "Stop the study for good; everything measured is kept."),
    _both("combine", "c", "combine", "Combine the marked trials into one profile."),
    _study(
        "confirm_trials",
        "C",
        "confirm",
        "Run the marked trials, or the best ones, again with fresh seeds.",
        shown="wide",
    ),
    _study(
        "compare_trials",
        "d",
        "compare",
        "Hold the marked trials side by side, or this one against the flat baseline.",
        shown="wide",
    ),
    Action(
        "write_note",
        "N",
        "note",
        "Write a note on the trial, with #tags; the table shows it, and a filter finds it.",
        ("study", "trial"),
        shown="wide",
    ),
    _study(
        "fold_collapsed",
        "x",
        "collapsed",
        "List collapsed trials too, or only count them.",
        shown="palette",
    ),
    Action("filter", "slash", "filter", "Show only what fits.", ("studies", "study", "settings")),
    _study(
        "replay",
        "T",
        "replay",
        "Go through the time of the study: show it as it stood when any of its trials had ended.",
        shown="wide",
    ),
    _study("next_panel", "tab", "chart", "Show the next chart."),
    *(
        Action(f"show_panel({key})", str(key), panel.text, panel.help, ("study",), shown="palette")
        for key, panel in enumerate(PANELS, start=1)
    ),
    _study(
        "turn_evaluator",
        "f",
        "PED/fANOVA",
        "Let the other one tell what matters: PED-ANOVA or fANOVA.",
        shown="palette",
    ),
    _study(
        "choose_baseline",
        "B",
        "baseline",
        "Choose the flat run that trials are held against, of this study or another.",
        shown="palette",
    ),
    _studies(
        "delete_study",
        "D",
        "delete",
        "Delete the study and everything measured in it.",
        shown="wide",
    ),
    _both(
        "new_like",
        "L",
        "new like this",
        "Set up a search like this one, under a free name.",
        shown="wide",
    ),
)
