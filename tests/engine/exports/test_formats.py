"""What is written, to the letter."""

import csv
import io

import pytest

from engine.arena import legend
from engine.arena.tables import Cell, Row, Table, Value
from engine.exports.csv import to_csv
from engine.exports.latex import to_latex
from engine.exports.markdown import to_markdown


@pytest.fixture
def table() -> Table:
    """Return a table that has everything: marks, the paper's numbers, a gap, a note."""
    flat = Cell(
        values=(Value(quantity="p_o", mean=0.904, half_width=0.0123, paper=0.9),), runs=5, planned=5
    )
    better = Value(
        quantity="p_o", mean=0.923, half_width=0.01, better=True, p_value=0.0125, paper=0.91
    )
    gap = Cell(values=(Value(quantity="p_o", mean=None, paper=0.7),), reason="not run")
    return Table(
        title="Arena",
        measure="accuracy",
        quantities=("p_o",),
        columns=("sst2:mrpc", "mrpc:sst2"),
        rows=(
            Row(entrant="flat@2e-5", title="flat 2e-5", tuning_epochs=0, cells=(flat, gap)),
            Row(
                entrant="replay@my_own.json",
                title="replay @ my_own",
                tuning_epochs=1240.4,
                cells=(Cell(values=(better,), runs=5, planned=5, seen=True, published=True), gap),
            ),
        ),
        reference="flat 2e-5",
        comparisons=3,
        setting="Data sample, model sample, preset default",
        notes=("replay @ my_own on mrpc:sst2: not run.",),
    )


CAPTION = [
    "Accuracy, on the validation rows; mean ± 95 % t-interval over 5 seeds.",
    "Bold: better than flat 2e-5 with the same seeds, by a row at least.",
    (
        "* differs from flat 2e-5 in a paired t-test over seeds, p < 0.05 after Holm's correction "
        "for 3 comparisons."
    ),
    "° searched on this very sequence.",
    "† rates that the paper's authors published, carried over to this backbone.",
    "Data sample, model sample, preset default.",
]


def test_the_caption_says_how_it_was_compared(table: Table) -> None:
    assert legend.caption(table) == CAPTION


def test_markdown(table: Table) -> None:
    lines = to_markdown(table).splitlines()
    assert lines[:6] == [
        "|  | sst2:mrpc | mrpc:sst2 | tuning epochs |",
        "| :--- | ---: | ---: | ---: |",
        "| flat 2e-5 | 0.904±0.012 | – | 0 |",
        "| *in the paper* | *0.900* | *0.700* |  |",
        r"| replay @ my\_own | **0.923**±0.010\*°† | – | 1,240† |",
        "| *in the paper* | *0.910* | *0.700* |  |",
    ]
    assert lines[7].startswith("Accuracy, on the validation rows")
    assert lines[-1] == r"- replay @ my\_own on mrpc:sst2: not run."


def test_csv_has_every_number_in_full(table: Table) -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(table))))
    assert len(rows) == 4
    assert rows[2] == {
        "entrant": "replay@my_own.json",
        "title": "replay @ my_own",
        "column": "sst2:mrpc",
        "quantity": "p_o",
        "mean": "0.923",
        "half_width_95": "0.01",
        "runs": "5",
        "better": "1",
        "p_value_holm": "0.0125",
        "seen": "1",
        "published": "1",
        "tuning_epochs": "1240.4",
        "paper": "0.91",
        "reason": "",
    }
    assert (rows[3]["mean"], rows[3]["reason"]) == ("", "not run")


def test_latex(table: Table) -> None:
    lines = to_latex(table).splitlines()
    assert lines[3:13] == [
        r"  \begin{tabular}{lrrr}",
        r"    \toprule",
        r"     & sst2:mrpc & mrpc:sst2 & tuning epochs \\",
        r"    \midrule",
        r"    flat 2e-5 & 0.904$\pm$0.012 & -- & 0 \\",
        r"    \quad\textit{in the paper} & \textit{0.900} & \textit{0.700} &  \\",
        (
            r"    replay @ my\_own & \textbf{0.923}$\pm$0.010$^{*}$$^\circ$$^\dagger$ & -- & "
            r"1,240$^\dagger$ \\"
        ),
        r"    \quad\textit{in the paper} & \textit{0.910} & \textit{0.700} &  \\",
        r"    \bottomrule",
        r"  \end{tabular}",
    ]
    assert r"95 \%" in lines[2]
    assert "p $<$ 0.05" in lines[2]


def test_a_table_without_numbers_claims_nothing(table: Table) -> None:
    gaps = tuple(
        Row(entrant=row.entrant, title=row.title, tuning_epochs=None, cells=(row.cells[1],))
        for row in table.rows
    )
    bare = Table(
        title="Arena",
        measure="accuracy",
        quantities=("p_o",),
        columns=("mrpc:sst2",),
        rows=gaps,
        reference="flat 2e-5",
        comparisons=0,
        setting="",
        notes=(),
    )
    assert legend.caption(bare) == []
    assert to_markdown(bare).splitlines()[2] == "| flat 2e-5 | – | – |"
    assert r"\end{table}" in to_latex(bare)
