"""A report opened in a real browser: its charts are drawn, and it asks nothing of any network."""

import json
import re
import shutil
import subprocess
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


@needs_browser
def test_the_charts_of_a_study_are_drawn_and_nothing_is_fetched(
    reader: Reader, tmp_path: Path
) -> None:
    page = tmp_path / "study.html"
    write_study_report(reader, 1, page)
    seen, asked = opened(page, tmp_path)
    assert re.findall(r'data-chart="(\w+)"[^>]*data-drawn="(\w+)"', seen) == [
        ("forgetting", "yes"),
        ("rates", "yes"),
        ("plane", "yes"),
    ]
    for mark, least in (("mark-line", 3), ("mark-rect", 24), ("mark-symbol", 20)):
        groups = re.findall(rf'<g class="{mark}[^"]*"[^>]*>(.*?)</g>', seen, re.DOTALL)
        assert sum(group.count("<path") for group in groups) >= least, mark
    assert asked == []


def let_act(page: Path, script: str) -> None:
    """Let a script act on a page, which by itself allows none but its own."""
    whole = page.read_text(encoding="utf-8")
    free = re.sub('<meta http-equiv="Content-Security-Policy"[^>]*>', "", whole)
    end = free.rindex("</body>")
    page.write_text(free[:end] + script + free[end:], encoding="utf-8")


ACTING = """
<script>
const trial = (number) => document.querySelector(`input[name="trials"][value="${number}"]`);
const drawn = (chart, mark) => document.querySelectorAll(
  `[data-chart="${chart}"] .mark-${mark} path`);
const count = () => [drawn("forgetting", "line").length, drawn("rates", "rect").length].join(" ");
setTimeout(() => { document.body.dataset.before = count(); trial(NUMBER).click(); }, 2000);
setTimeout(() => {
  document.body.dataset.after = count();
  const point = [...drawn("plane", "symbol")].pop();
  const { x, y, width, height } = point.getBoundingClientRect();
  const place = { clientX: x + width / 2, clientY: y + height / 2, bubbles: true };
  for (const kind of ["pointerover", "pointermove"]) {
    point.dispatchEvent(new PointerEvent(kind, place));
  }
}, 4000);
</script>
"""
"""Switches a trial on, then points at one in the plane."""


@needs_browser
def test_trials_are_switched_on_and_values_are_read(reader: Reader, tmp_path: Path) -> None:
    page = tmp_path / "study.html"
    write_study_report(reader, 1, page)
    hidden = next(number for number, on in Page(page).chips("trials").items() if not on)
    let_act(page, ACTING.replace("NUMBER", str(hidden)))
    seen, _ = opened(page, tmp_path)
    assert 'data-before="3 24" data-after="4 32"' in seen
    told = seen.partition('id="vg-tooltip-element"')[2]
    assert re.search(r"visible.*trial.*#\d+.*p_o.*learning rates", told, re.DOTALL)


PRINTING = """
<style>body { width: 180mm !important; }</style>
<script>
setTimeout(() => {
  dispatchEvent(new Event("beforeprint"));
  const there = (each) => each.checkVisibility() && each.getBoundingClientRect().width > 0;
  const shown = (what) => [...document.querySelectorAll(what)].filter(there);
  const edge = document.body.getBoundingClientRect().right + 1;
  const told = {
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
  place.textContent = JSON.stringify(told);
  document.body.append(place);
}, 3000);
</script>
"""
"""Says what of a page is on paper, of a page that is shown as it is printed on A4."""


def printed(page: Path, folder: Path) -> dict[str, Any]:
    """Return what is to be seen of a page on paper."""
    styled = page.read_text(encoding="utf-8").replace("@media print", "@media all")
    page.write_text(styled, encoding="utf-8")
    let_act(page, PRINTING)
    seen, _ = opened(page, folder)
    told = re.search('<div id="told">(.*?)</div>', seen, re.DOTALL)
    assert told is not None
    found: dict[str, Any] = json.loads(unescape(told[1]))
    return found


@needs_browser
def test_on_paper_a_study_is_whole(
    reader: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "study.html"
    monkeypatch.setattr("bertcl_tui.report.writing.MOST_OPEN", 12)
    write_study_report(reader, 1, page)
    told = printed(page, tmp_path)
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
def test_on_paper_the_arena_is_whole(arena_reader: Reader, tmp_path: Path) -> None:
    page = tmp_path / "arena.html"
    write_arena_report(arena_reader, page)
    told = printed(page, tmp_path)
    again = ["How it was learnt", "How to have it again"]
    assert told["heads"] == ["Arena", "Setting 1 of 2", *again, "Setting 2 of 2", *again]
    captions = [text for text in Page(page).texts if re.fullmatch(r"(Table|Figure) \d+\.", text)]
    assert len(captions) > 8
    assert told["captions"] == captions
    assert told["charts"] == 1
    assert told["cut"] == told["clickable"] == []


@needs_browser
def test_the_chart_of_the_arena_is_drawn(arena_reader: Reader, tmp_path: Path) -> None:
    page = tmp_path / "arena.html"
    write_arena_report(arena_reader, page)
    seen, asked = opened(page, tmp_path)
    assert 'data-drawn="yes"' in seen
    assert 'data-drawn="no"' not in seen
    assert asked == []


@needs_browser
def test_a_page_that_fetches_something_is_seen_to(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text('<img src="http://example.invalid/x.png">', encoding="utf-8")
    _, asked = opened(page, tmp_path)
    assert asked == ["http://example.invalid/x.png"]
