"""Titles of panels."""

from rich.text import Text
from textual.widget import Widget


def entitle(widget: Widget, title: str, subtitle: str = "") -> None:
    """Give a panel these titles, word by word; the same again repaints nothing."""
    if widget.border_title != (markup := Text(title).markup):
        widget.border_title = markup
    if (widget.border_subtitle or "") != (markup := Text(subtitle).markup):
        widget.border_subtitle = markup
