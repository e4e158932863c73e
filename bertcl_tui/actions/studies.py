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
    what: str
    """What it shows, in one sentence."""

    @property
    def help(self) -> str:
        """What its key does, for the help screen."""
        return f"{self.what.removesuffix('.')}; where shown, large or small again."


PANELS: Final = (
    PanelKey("forgetting", "forgetting", "Show the forgetting curves."),
    PanelKey("rates", "rates", "Show the learning rate of each choice."),
    PanelKey("plane", "plane", "Show p_o against p_s."),
    PanelKey("importance", "what matters", "Show which choice the differences of p hang on."),
    PanelKey(
        "parallel", "all rates", "Show the rates of all trials beside their scores, to be brushed."
    ),
)
"""The charts of the Study screen, in the order of their keys."""

_studies = partial(Action, places=("studies",))
_study = partial(Action, places=("study",))
_both = partial(Action, places=("studies", "study"))
STUDIES = (
    Action("open", "enter,l,right", "open", "Open what is under the cursor.", ("table",)),
    _studies("new_study", "n", "new", "Set up a new search."),
    Action(
        "pause_or_resume",
        "p",
        "pause",
        "Pause the study in mid-trial, so that it lets go of the device, or let it go on.",
        ("studies", "study", "trial", "arena", "work"),
        elsewhere=(
            ("studies", "Pause the study in mid-trial, or the marked ones, or let them go on."),
            ("trial", "Pause this run alone, or let it go on; starts a worker if none is left."),
            ("arena", "Pause the runs of the cell, or the run of it, or let them go on."),
            ("work", "Let the worker give its run back and rest, or work again; or what waits."),
        ),
    ),
    _studies(
        "why",
        "w",
        "why",
        "Say why the study stands as it does, and what can be done.",
        shown="wide",
    ),
    _both(
        "stop_study",
        "s",
        "stop",
        "Stop the study for good; everything measured is kept.",
        elsewhere=(("studies", "Stop the study, or the marked ones; what is measured is kept."),),
    ),
    _both(
        "combine",
        "c",
        "combine",
        "Combine the marked trials into one profile.",
        elsewhere=(("studies", "Combine the trials of the study, or of the marked ones."),),
    ),
    _both("rename_study", "r", "rename", "Give the study another name.", shown="wide"),
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
        ("studies", "study", "trial"),
        shown="wide",
        elsewhere=(("studies", "Write a note on the study, with #tags; a filter finds it."),),
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
        "Delete the study, or the marked ones, and everything measured in them.",
        shown="wide",
    ),
    _both(
        "new_like",
        "L",
        "new like this",
        "Set up a search like this one, under a free name.",
        shown="wide",
    ),
    _studies(
        "undo_delete",
        "z",
        "undo",
        "Have back what was deleted in the last minute.",
        shown="wide",
    ),
    _studies(
        "archive_studies",
        "X",
        "archive",
        "Put the study, or the marked ones, away; again has them back in the list.",
        shown="palette",
    ),
    _studies(
        "fold_archived",
        "x",
        "archived",
        "List what is archived too, or only count it.",
        shown="palette",
    ),
)
