"""What is written, to the letter."""

import csv
import io
from xml.etree import ElementTree

import pytest
from msgspec.structs import replace

from engine.arena import legend
from engine.arena.headline import Effect, Headline, SequenceGain
from engine.arena.inference import Chances
from engine.arena.tables import Cell, Row, Table, Value
from engine.errors import UsageError
from engine.exports.csv import to_csv
from engine.exports.forest import ALONE, to_forest
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
    (
        "Bold: better than flat 2e-5 with the same seeds, by at least what one evaluation row is "
        "worth."
    ),
    (
        "* differs from flat 2e-5 in a paired t-test over seeds, p-value < 0.05 after Holm's "
        "correction for 3 comparisons."
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
        "|  | sst2:mrpc | mrpc:sst2 | tuning epochs | tuned on |",
        "| :--- | ---: | ---: | ---: | :--- |",
        "| flat 2e-5 | 0.904±0.012 | – | 0 | – |",
        "| *in the paper* | *0.900* | *0.700* |  |  |",
        r"| replay @ my\_own | **0.923**±0.010\*°† | – | 1,240† | – |",
        "| *in the paper* | *0.910* | *0.700* |  |  |",
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
        "declared": "exploratory",
        **dict.fromkeys(
            (
                *("low_95", "high_95", "sequences", "better_on", "worse_on"),
                *("p_better", "p_equal", "p_worse"),
            ),
            "",
        ),
        "tuned_on": "nothing",
        "missing": "",
    }
    assert (rows[3]["mean"], rows[3]["reason"]) == ("", "not run")


def test_latex(table: Table) -> None:
    lines = to_latex(table).splitlines()
    assert lines[3:13] == [
        r"  \begin{tabular}{lrrrl}",
        r"    \toprule",
        r"     & sst2:mrpc & mrpc:sst2 & tuning epochs & tuned on \\",
        r"    \midrule",
        r"    flat 2e-5 & 0.904$\pm$0.012 & -- & 0 & -- \\",
        r"    \quad\textit{in the paper} & \textit{0.900} & \textit{0.700} &  &  \\",
        (
            r"    replay @ my\_own & \textbf{0.923}$\pm$0.010$^{*}$$^\circ$$^\dagger$ & -- & "
            r"1,240$^\dagger$ & -- \\"
        ),
        r"    \quad\textit{in the paper} & \textit{0.910} & \textit{0.700} &  &  \\",
        r"    \bottomrule",
        r"  \end{tabular}",
    ]
    assert r"95 \%" in lines[2]
    assert "p-value $<$ 0.05" in lines[2]


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
    assert to_markdown(bare).splitlines()[2] == "| flat 2e-5 | – | – | – |"
    assert r"\end{table}" in to_latex(bare)


@pytest.fixture
def with_headline(table: Table) -> Table:
    gain = SequenceGain(
        sequence="a:b",
        seen=False,
        counts=True,
        by_seed={1: 0.02, 2: 0.01},
        gain=0.015,
        half_width=0.06,
        better=None,
        worse=None,
    )
    effect = Effect(
        entrant="replay@my_own.json",
        title="replay @ my_own",
        sequences=(gain,) * 6,
        seen=False,
        mean=0.0151,
        low=-0.0011,
        high=0.0313,
        p_value=0.03125,
        better_on=4,
        worse_on=0,
        chances=Chances(better=0.9, equal=0.08, worse=0.02),
        standing="primary",
    )
    headline = Headline(reference="flat tuned", effects=(effect,))
    return replace(table, headline=headline, plans=("3f2a9c1b",))


def test_a_headline_stands_above_the_columns(with_headline: Table) -> None:
    lines = to_markdown(with_headline).splitlines()
    assert lines[2] == (
        r"| replay @ my\_own | +0.015 | −0.001 to +0.031 | 0.031 | 6 unseen | 4 of 6 | 0 of 6 "
        "| 0.90 / 0.08 / 0.02 | primary |"
    )
    assert "Declared before the first run: plan 3f2a9c1b." in lines[4]
    assert r"$-$0.001 to +0.031" in to_latex(with_headline)
    last = list(csv.DictReader(io.StringIO(to_csv(with_headline))))[-1]
    assert (last["column"], last["mean"], last["low_95"]) == ("over sequences", "0.0151", "-0.0011")
    assert (last["declared"], last["runs"], last["p_equal"]) == ("primary", "12", "0.08")
    assert last["missing"] == "0"


def test_the_forest_plot_is_svg_with_a_line_for_each_method(with_headline: Table) -> None:
    drawn = ElementTree.fromstring(to_forest(with_headline))
    space = "{http://www.w3.org/2000/svg}"
    texts = [text.text for text in drawn.iter(f"{space}text")]
    assert texts[0] == "Difference in p to flat tuned, over sequences"
    assert {"flat tuned", "replay @ my_own", "+0.015 (−0.001 to +0.031)", "0"} <= set(texts)
    assert len(list(drawn.iter(f"{space}circle"))) == 6
    assert "plan 3f2a9c1b" in str(texts[-1])


def test_a_long_title_has_room_beside_the_forest_plot(with_headline: Table) -> None:
    assert with_headline.headline is not None
    first, *others = with_headline.headline.effects
    title = "EWC (task) @ BERTcL combined (later stages), fisher sampled, importance 1000"
    long = replace(with_headline.headline, effects=(replace(first, title=title), *others))
    narrow, wide = (
        ElementTree.fromstring(to_forest(replace(with_headline, headline=each)))
        for each in (with_headline.headline, long)
    )
    assert float(wide.attrib["width"]) > float(narrow.attrib["width"])
    circles = [float(at.attrib["cx"]) for at in wide.iter("{http://www.w3.org/2000/svg}circle")]
    assert min(circles) > 7 * len(title)


def test_a_bound_is_drawn_last_and_in_no_colour_of_better_or_worse(with_headline: Table) -> None:
    assert with_headline.headline is not None
    (better,) = with_headline.headline.effects
    bound = replace(better, title="joint", low=0.01, is_bound=True)
    headline = replace(with_headline.headline, effects=(bound, replace(better, low=0.01)))
    drawn = ElementTree.fromstring(to_forest(replace(with_headline, headline=headline)))
    inks = [
        at.attrib["stroke"]
        for at in drawn.iter("{http://www.w3.org/2000/svg}rect")
        if "stroke" in at.attrib
    ]
    assert inks == ["#009e73", ALONE.quiet]


def test_without_a_difference_there_is_no_forest_plot(table: Table) -> None:
    with pytest.raises(UsageError, match="no difference to draw yet"):
        to_forest(table)
