"""A report as a reader of its HTML finds it."""

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any


class Page(HTMLParser):
    """The elements and texts of a page; what scripts and styles say is kept apart."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.whole = path.read_text(encoding="utf-8")
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.inside: list[str] = []
        self.scripts: list[str] = []
        self.feed(self.whole)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self.inside and self.inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if "script" in self.inside:
            self.scripts.append(data)
        elif "style" not in self.inside:
            self.texts.append(data)

    @property
    def text(self) -> str:
        """All that is to be read, on one line."""
        return " ".join(" ".join(self.texts).split())

    @property
    def charts(self) -> dict[str, Any]:
        """Vega-Lite's charts, by name."""
        charts: dict[str, Any] = json.loads(self.scripts[0])
        return charts

    def places(self) -> list[str | None]:
        """Return which charts the page has a place for."""
        found = (attributes.get("data-chart") for _, attributes in self.elements)
        return [name for name in found if name]

    def chips(self, name: str) -> dict[str | None, bool]:
        """Return what can be switched under a name, and whether it is on."""
        return {
            attributes["value"]: "checked" in attributes
            for tag, attributes in self.elements
            if tag == "input" and attributes.get("name") == name
        }


def values(chart: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - as JSON has it
    """Return everything that a chart has to draw, of all its layers."""
    own = chart.get("data", {}).get("values", [])
    return own + [value for layer in chart.get("layer", []) for value in values(layer)]
