"""A report opened in a real browser: its charts are drawn, and it asks nothing of any network."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from bertcl_tui.report.arena import write_arena_report
from bertcl_tui.report.writing import write_study_report
from bertcl_tui.store.reader import Reader
from tests.bertcl_tui.report.pages import Page

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
    whole = page.read_text(encoding="utf-8")
    hidden = next(number for number, on in Page(page).chips("trials").items() if not on)
    free = re.sub('<meta http-equiv="Content-Security-Policy"[^>]*>', "", whole)
    end = free.rindex("</body>")
    acting = ACTING.replace("NUMBER", str(hidden))
    page.write_text(free[:end] + acting + free[end:], encoding="utf-8")
    seen, _ = opened(page, tmp_path)
    assert 'data-before="3 24" data-after="4 32"' in seen
    told = seen.partition('id="vg-tooltip-element"')[2]
    assert re.search(r"visible.*trial.*#\d+.*p_o.*learning rates", told, re.DOTALL)


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
