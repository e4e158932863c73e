"""The house's own themes; Textual's stand beside them, the terminal's own colours among those."""

from textual.theme import BUILTIN_THEMES, Theme


def _scrollbars(bar: str, trough: str, hover: str) -> dict[str, str]:
    return {
        "scrollbar": bar,
        "scrollbar-hover": hover,
        "scrollbar-active": hover,
        "scrollbar-background": trough,
        "scrollbar-background-hover": trough,
        "scrollbar-background-active": trough,
        "scrollbar-corner-color": trough,
    }


DARK = Theme(
    name="bertcl-dark",
    primary="#7aa2d6",
    secondary="#5d7fa8",
    accent="#e0b15e",
    success="#86b97a",
    warning="#d9a05b",
    error="#d4737d",
    foreground="#d5d9de",
    background="#14171c",
    surface="#1a1e25",
    panel="#232934",
    dark=True,
    variables={
        "border-blurred": "#39424f",
        **_scrollbars("#39424f", "#1a1e25", "#5d7fa8"),
        "footer-key-foreground": "#e0b15e",
    },
)
LIGHT = Theme(
    name="bertcl-light",
    primary="#2b5f9e",
    secondary="#4a77a8",
    accent="#875b08",
    success="#3a7030",
    warning="#96550f",
    error="#ac2f3c",
    foreground="#24292f",
    background="#f6f5f1",
    surface="#fcfbf8",
    panel="#e8e6df",
    dark=False,
    variables={
        "border-blurred": "#c9c5b8",
        **_scrollbars("#c9c5b8", "#fcfbf8", "#4a77a8"),
        "footer-key-foreground": "#875b08",
    },
)


def theme_names() -> tuple[str, ...]:
    """Return the names of all themes, the house's own first."""
    own = (DARK.name, LIGHT.name)
    return (*own, *sorted(name for name in BUILTIN_THEMES if name not in own))
