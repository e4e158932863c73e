import subprocess
import sys
from pathlib import Path

import pytest

from bench.figures import cell, over_rounds, over_seeds, table
from bench.results import (
    BEGIN,
    END,
    PAGE,
    Entry,
    origin_here,
    read_results,
    tables,
    write_page,
    write_results,
)


def test_a_figure_tells_the_middle_of_its_rounds_and_how_they_spread() -> None:
    assert cell(over_rounds("a", "ms", [4.0])) == "4.00"
    assert cell(over_rounds("a", "ms", [1.0, 2.0, 3.0, 4.0, 5.0])) == "3.00 (1.40 to 4.60)"
    assert cell(over_rounds("a", "rows", [12345.6])) == "12,346"
    assert cell(over_seeds("a", "p", [0.01, 0.03])) == "+0.0200 ± 0.0100"


def test_cases_of_the_same_quantities_share_a_table() -> None:
    found = [over_rounds(case, what, [1.0]) for case in "ab" for what in ("ms", "MB")]
    assert table([*found, over_rounds("c", "s", [2.0])]) == (
        "|   |   ms |   MB |\n"
        "| - | ---: | ---: |\n"
        "| a | 1.00 | 1.00 |\n"
        "| b | 1.00 | 1.00 |\n"
        "\n"
        "|   |    s |\n"
        "| - | ---: |\n"
        "| c | 2.00 |"
    )


def test_what_is_written_around_the_tables_stays(tmp_path: Path) -> None:
    page, kept = tmp_path / "page.md", tmp_path / "results.json"
    page.write_text(f"# Before\n\n{BEGIN}\n\nolder\n\n{END}\n\nafter\n")
    entry = Entry(
        about="How long.",
        seconds=3.0,
        origin=origin_here(),
        figures=[over_rounds("a", "ms", [1.0, 2.0])],
    )
    write_results({"charts": entry}, kept)
    assert read_results(kept) == {"charts": entry}
    write_page(read_results(kept), page)
    text = page.read_text()
    assert text.startswith(f"# Before\n\n{BEGIN}\n\n### charts\n")
    assert text.endswith(f"{END}\n\nafter\n")
    assert "1.50 (1.10 to 1.90)" in text
    assert "older" not in text


def test_the_page_says_what_the_results_do() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text.partition(BEGIN)[2].partition(END)[0].strip() == tables(read_results())


@pytest.mark.process
def test_an_unknown_bench_is_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench", "nonsense"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith("no bench named nonsense; use training, ")
    assert done.stderr.count("\n") == 1
