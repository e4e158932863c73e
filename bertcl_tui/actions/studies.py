"""What can be done with studies and their trials."""

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

STUDIES = (
    Action("open", "enter,l,right", "open", "Open what is under the cursor.", ("table",)),
    Action("new_study", "n", "new", "Set up a new search.", ("studies",)),
    Action(
        "pause_or_resume",
        "space",
        "pause/resume",
        "Pause a running study in mid-trial, or let a paused one go on.",
        ("studies",),
    ),
    Action(
        "pause_study",
        "p",
        "pause",
        "Pause the study in mid-trial; it lets go of the device.",
        ("study",),
    ),
    Action("resume_study", "r", "resume", "Let the study go on where it was.", ("study",)),
    Action(
        "why",
        "w",
        "why",
        "Say why the study stands as it does, and what can be done.",
        ("studies",),
        shown="wide",
    ),
    Action(
        "stop_study",
        "s",
        "stop",
        "Stop the study for good; everything measured is kept.",
        ("studies", "study"),
    ),
    Action(
        "combine",
        "c",
        "combine",
        "Combine the marked trials into one profile.",
        ("studies", "study"),
    ),
    Action(
        "confirm_trials",
        "C",
        "confirm",
        "Run the marked trials, or the best ones, again with fresh seeds.",
        ("study",),
        shown="wide",
    ),
    Action(
        "compare_trials",
        "d",
        "compare",
        "Hold the marked trials side by side, or this one against the flat baseline.",
        ("study",),
        shown="wide",
    ),
    Action("filter", "slash", "filter", "Show only what fits.", ("studies", "study", "settings")),
    Action("next_panel", "tab", "chart", "Show the next chart.", ("study",)),
    *(
        Action(f"show_panel({key})", str(key), panel.text, panel.help, ("study",), shown="palette")
        for key, panel in enumerate(PANELS, start=1)
    ),
    Action(
        "turn_evaluator",
        "f",
        "PED/fANOVA",
        "Let the other one tell what matters: PED-ANOVA or fANOVA.",
        ("study",),
        shown="palette",
    ),
    Action(
        "delete_study",
        "D",
        "delete",
        "Delete the study and everything measured in it.",
        ("studies",),
        shown="wide",
    ),
)
