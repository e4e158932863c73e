"""A report opened in a real browser: its charts are drawn, and it asks nothing of any network."""

import json
import re
import shutil
import subprocess
from base64 import b64encode
from hashlib import sha256
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from bertcl_tui.report.arena import write_arena_report
from bertcl_tui.report.writing import write_study_report
from bertcl_tui.store.reader import Reader
from tests.bertcl_tui.report.pages import Page
from tests.recorded import LIVE

pytestmark = pytest.mark.process

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
BROWSER = next(filter(None, map(shutil.which, BROWSERS)), None)
_ITS_OWN = "not an origin"
"""How its log calls whoever asks when it is the browser itself."""
needs_browser = pytest.mark.skipif(BROWSER is None, reason=f"none of {', '.join(BROWSERS)} is here")


def opened(page: Path, folder: Path) -> tuple[str, list[str]]:
    """Return the page as it stands once its scripts have run, and what it asked of a network."""
    assert BROWSER is not None
    log = folder / "net.json"
    words = [
        *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"),
        "--host-resolver-rules=MAP * ~NOTFOUND",
        f"--user-data-dir={folder / 'browser'}",
        f"--log-net-log={log}",
        "--virtual-time-budget=20000",
        "--dump-dom",
        page.as_uri(),
    ]
    ran = subprocess.run([BROWSER, *words], capture_output=True, text=True, timeout=120, check=True)
    events = json.loads(log.read_text(encoding="utf-8"))["events"]
    asked = (event.get("params", {}) for event in events)
    return ran.stdout, [
        each["url"]
        for each in asked
        if each.get("initiator", _ITS_OWN) != _ITS_OWN and not each["url"].startswith("file:")
    ]


def let_act(page: Path, script: str) -> None:
    """Let one more script act on a page, which else may do what it may do for a reader."""
    digest = b64encode(sha256(script.encode()).digest()).decode()
    whole = page.read_text(encoding="utf-8")
    allowed = whole.replace("script-src ", f"script-src 'sha256-{digest}' ", 1)
    end = allowed.rindex("</body>")
    added = f"{ON_PAPER}<script>{script}</script>"
    page.write_text(allowed[:end] + added + allowed[end:], encoding="utf-8")


ON_PAPER = "<style>body { width: 180mm !important; }</style>"
"""The width of A4."""
ACTING = """
const told = {};
const trial = (number) => document.querySelector(`input[name="trials"][value="${number}"]`);
const drawn = (chart, mark) => document.querySelectorAll(
  `[data-chart="${chart}"] .mark-${mark} path`);
const count = () => [drawn("forgetting", "line").length, drawn("rates", "rect").length];
setTimeout(() => { told.before = count(); trial(NUMBER).click(); }, 2000);
setTimeout(() => {
  told.after = count();
  const point = [...drawn("plane", "symbol")].pop();
  const { x, y, width, height } = point.getBoundingClientRect();
  const place = { clientX: x + width / 2, clientY: y + height / 2, bubbles: true };
  for (const kind of ["pointerover", "pointermove"]) {
    point.dispatchEvent(new PointerEvent(kind, place));
  }
}, 4000);
setTimeout(() => {
  const tooltip = document.getElementById("vg-tooltip-element");
  told.tooltip = tooltip.outerHTML;
  tooltip.remove();
}, 5000);
"""
"""Switches a trial on, then points at one in the plane."""
PRINTING = """
setTimeout(() => {
  for (const style of document.querySelectorAll("style")) {
    style.textContent = style.textContent.replace("@media print", "@media all");
  }
  dispatchEvent(new Event("beforeprint"));
  const there = (each) => each.checkVisibility() && each.getBoundingClientRect().width > 0;
  const shown = (what) => [...document.querySelectorAll(what)].filter(there);
  const edge = document.body.getBoundingClientRect().right + 1;
  const paper = {
    heads: shown("h1, h2").map((each) => each.textContent.trim()),
    captions: shown(".caption b, figcaption b").map((each) => each.textContent.trim()),
    rows: shown(".trials tbody tr").length,
    charts: shown(".chart svg.marks").length,
    cut: shown("svg.marks, td, th, pre, p").filter(
      (each) => each.getBoundingClientRect().right > edge).map((each) => each.outerHTML),
    clickable: shown("button, summary, input").map((each) => each.outerHTML),
    paper: getComputedStyle(document.documentElement).backgroundColor,
  };
  const place = document.createElement("div");
  place.id = "told";
  place.textContent = JSON.stringify({ ...told, ...paper });
  document.body.append(place);
}, 6000);
"""
"""Says what of a page is on paper, of a page that is shown as it is printed on A4."""


def looked_at(page: Path, folder: Path, acting: str) -> tuple[str, dict[str, Any]]:
    """Return a page as it stands, which asked nothing of a network, and what its script told."""
    let_act(page, acting + PRINTING)
    seen, asked = opened(page, folder)
    assert asked == []
    told = re.search('<div id="told">(.*?)</div>', seen, re.DOTALL)
    assert told is not None
    found: dict[str, Any] = json.loads(unescape(told[1]))
    return seen, found


@needs_browser
def test_a_study_is_drawn_switched_read_and_whole_on_paper_and_nothing_is_fetched(
    reader: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "study.html"
    monkeypatch.setattr("bertcl_tui.report.writing.MOST_OPEN", 12)
    write_study_report(reader, 1, page)
    hidden = next(number for number, on in Page(page).chips("trials").items() if not on)
    seen, told = looked_at(page, tmp_path, ACTING.replace("NUMBER", str(hidden)))
    assert re.findall(r'data-chart="(\w+)"[^>]*data-drawn="(\w+)"', seen) == [
        ("forgetting", "yes"),
        ("rates", "yes"),
        ("plane", "yes"),
    ]
    symbols = re.findall(r'<g class="mark-symbol[^"]*"[^>]*>(.*?)</g>', seen, re.DOTALL)
    assert sum(group.count("<path") for group in symbols) >= 20
    assert (told["before"], told["after"]) == ([3, 24], [4, 32])
    assert re.search(r"visible.*trial.*#\d+.*p_o.*learning rates", told["tooltip"], re.DOTALL), (
        "values are read at a point"
    )

    assert told["heads"] == [
        *(LIVE, "Curves and rates", "Trials", "How it was learnt"),
        *("How to have it again", "What is left out"),
    ]
    assert told["captions"] == [
        *("Table 1.", "Figure 1.", "Figure 2.", "Figure 3.", "Table 2.", "Table 3."),
        *("Table 3, continued.", "Table 4.", "Table 5.", "Table 6."),
    ]
    assert told["rows"] == 31
    assert told["charts"] == 3
    assert told["cut"] == told["clickable"] == []
    assert told["paper"] == "rgb(255, 255, 255)"


@needs_browser
def test_the_arena_is_drawn_and_whole_on_paper_and_nothing_is_fetched(
    arena_reader: Reader, tmp_path: Path
) -> None:
    page = tmp_path / "arena.html"
    write_arena_report(arena_reader, page)
    captions = [text for text in Page(page).texts if re.fullmatch(r"(Table|Figure) \d+\.", text)]
    assert len(captions) > 8
    seen, told = looked_at(page, tmp_path, "const told = {};")
    assert 'data-drawn="yes"' in seen
    assert 'data-drawn="no"' not in seen
    again = ["How it was learnt", "How to have it again"]
    assert told["heads"] == ["Arena", "Setting 1 of 2", *again, "Setting 2 of 2", *again]
    assert told["captions"] == captions
    assert told["charts"] == 1
    assert told["cut"] == told["clickable"] == []


@needs_browser
def test_a_page_that_fetches_something_is_seen_to(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text('<img src="http://example.invalid/x.png">', encoding="utf-8")
    _, asked = opened(page, tmp_path)
    assert asked == ["http://example.invalid/x.png"]
