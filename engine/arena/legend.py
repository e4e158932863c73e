"""The words and marks that every renderer of a table uses."""

from collections.abc import Iterator
from typing import Final

from engine.arena.headline import EXPLORATORY, Effect, Headline
from engine.arena.inference import EQUAL, FEWEST_SEQUENCES
from engine.arena.measuring import FEWEST_PAIRS
from engine.arena.tables import SIGNIFICANT, Cell, Row, Table
from engine.errors import shown

NOTHING: Final = "–"
BETWEEN: Final = " – "
SEEN: Final = "°"
PUBLISHED: Final = "†"
SIGNIFICANT_MARK: Final = "*"
BETTER: Final = "▴"
"""For what cannot be printed bold."""
COST: Final = "tuning epochs"
TUNED_ON: Final = "tuned on"
_TUNED_ON: Final[dict[tuple[str, ...], str]] = {
    ("tested",): "tested sequence",
    ("others",): "other sequences",
    ("tested", "others"): "tested, others",
    ("first task",): "first task only",
}
_SMALLEST: Final = 1e-3
"""Of the p-values that are written out."""


def number(value: float) -> str:
    """Write an accuracy, or a difference of accuracies, which may be below 0."""
    return f"{value:z.3f}".replace("-", "−")


def interval(half_width: float | None) -> str:
    """Write half an interval; empty where there is none."""
    return "" if half_width is None else f"±{half_width:.3f}"


def signed(difference: float) -> str:
    """Write a difference of accuracies."""
    return f"{difference:+z.3f}".replace("-", "−")


def marks(cell: Cell) -> str:
    """Return what is to be known of where a cell's rates are from."""
    return (SEEN if cell.seen else "") + (PUBLISHED if cell.published else "")


def cost(row: Row) -> str:
    """Write what a row's rates cost to find; what published ones cost nobody knows."""
    if row.tuning_epochs is None:
        return NOTHING
    published = PUBLISHED if any(cell.published for cell in row.cells) else ""
    return (
        published if published and not row.tuning_epochs else f"{row.tuning_epochs:,.0f}{published}"
    )


def tuned_on(row: Row) -> str:
    """Write what a row's rates were searched on; a dash where a person named them."""
    found = {cell.tuned_on for cell in row.cells if cell.runs}
    kinds = tuple(kind for kind in ("tested", "others", "first task") if kind in found)
    return _TUNED_ON.get(kinds, NOTHING)


def paper(cell: Cell) -> str:
    """Write the paper's numbers of a cell; empty where it has none."""
    numbers = [value.paper for value in cell.values if value.paper is not None]
    return BETWEEN.join(map(number, numbers))


def caption(table: Table, better: str = "Bold") -> list[str]:
    """Return what a reader must know to read a table, a sentence each.

    Args:
        table: the table.
        better: how numbers stand out that are better than the reference's.
    """
    cells = [cell for row in table.rows for cell in row.cells]
    any_runs = any(cell.runs for cell in cells)
    intervals = any(value.half_width is not None for value in table.values())
    sentences = [
        f"{_begun(table.measure)}, on the validation rows"
        + (f"; mean ± 95 % t-interval over {_seeds(cells)}." if intervals else "; one seed."),
        f"{better}: better than {table.reference} with the same seeds, "
        "by at least what one evaluation row is worth."
        if len(table.rows) > 1
        else "",
        _comparison(table),
        f"{SEEN} searched on this very sequence." if any(cell.seen for cell in cells) else "",
        f"{PUBLISHED} rates that the paper's authors published, carried over to this backbone."
        if any(cell.published for cell in cells)
        else "",
        f"{table.setting}." if table.setting else "",
    ]
    return [sentence for sentence in (sentences if any_runs else sentences[-1:]) if sentence]


HEADLINE_HEAD: Final = (
    *("difference in p", "95 % interval", "p-value", "sequences"),
    *("better on", "worse on", "P better / equal / worse", "declared"),
)


def headline_cells(effect: Effect) -> tuple[str, ...]:
    """Write what the headline has of a method, one for each of ``HEADLINE_HEAD``."""
    number_of = len(effect.counted)
    there = effect.chances
    shares = (there.better, there.equal, there.worse) if there else ()
    return (
        signed(effect.mean),
        span(effect),
        NOTHING if effect.p_value is None else p_value(effect.p_value),
        f"{number_of} {'seen' if effect.seen else 'unseen'}",
        f"{effect.better_on} of {number_of}",
        f"{effect.worse_on} of {number_of}",
        " / ".join(f"{share:.2f}" for share in shares) or NOTHING,
        _declared(effect),
    )


def _declared(effect: Effect) -> str:
    if not effect.missing:
        return effect.standing
    return f"{effect.standing}, {effect.missing} run{'s' * (effect.missing > 1)} missing"


def span(effect: Effect) -> str:
    """Write an interval; a dash where there is none."""
    if effect.low is None or effect.high is None:
        return NOTHING
    return f"{signed(effect.low)} to {signed(effect.high)}"


def p_value(value: float) -> str:
    """Write the p-value of a test."""
    return "< 0.001" if value < _SMALLEST else f"{value:.3f}"


def tested(value: float) -> str:
    """Write a p-value where no head says that it is one: p alone is the score."""
    return f"p-value {p_value(value)}"


def headline_title(headline: Headline) -> str:
    """Say what the numbers of a headline are."""
    return f"Difference in p to {headline.reference}, over sequences"


def headline_caption(table: Table) -> list[str]:
    """Return what a reader must know to read a headline, a sentence each."""
    headline = table.headline
    if headline is None:
        return []
    tested = [each for each in headline.effects if each.p_value is not None]
    seen = any(each.seen for each in headline.effects)
    sentences = (
        *(shown(question) for question in table.questions),
        f"Difference in p to {headline.reference}: mean over sequences"
        + (" on which neither's rates were searched" if not seen else "")
        + " and their seeds in common.",
        *(_of_tests(headline) if tested else _too_few()),
        "Better on: on so many at least, 95 % sure (partial conjunction of tests over seeds).",
        f"Equal: within ±{EQUAL:g} of p; Bayesian, from the spread over sequences.",
        "Seen: for want of others, over sequences that rates were searched on." if seen else "",
        *_of_bounds(headline),
        "; ".join(_of_plans(table)) + ".",
    )
    return [sentence for sentence in sentences if sentence]


def _of_tests(headline: Headline) -> Iterator[str]:
    corrected = sum(
        each.standing != "primary" and each.p_value is not None for each in headline.effects
    )
    yield (
        "Sequences are the sample: sign-flip test over them"
        + (f", corrected after Holm for {corrected} comparisons" if corrected > 1 else "")
        + "; the interval is a bootstrap of sequences and of their seeds."
    )


def _of_bounds(headline: Headline) -> Iterator[str]:
    bounds = [each.title for each in headline.effects if each.is_bound]
    if bounds:
        yield f"Of {', '.join(bounds)} nothing is forgotten: what could be reached."


def _too_few() -> Iterator[str]:
    yield f"No test, no interval: they take {FEWEST_SEQUENCES} sequences."


def _of_plans(table: Table) -> Iterator[str]:
    """Say what was planned; everything else is exploratory."""
    rows = [each.standing for each in table.headline.effects] if table.headline else []
    if not table.plans:
        yield "No plan was declared before the first run: all of this is exploratory"
        return
    yield f"Declared before the first run: plan {', '.join(table.plans)}"
    if EXPLORATORY in rows:
        yield "what was not planned is exploratory"


def _begun(sentence: str) -> str:
    """Begin a sentence as one does; a symbol stays as it is."""
    return sentence if sentence[1] == " " else f"{sentence[0].upper()}{sentence[1:]}"


def _comparison(table: Table) -> str:
    if len(table.rows) == 1:
        return ""
    if not table.comparisons:
        return f"No test against {table.reference}: it takes {FEWEST_PAIRS} seeds in common."
    return (
        f"{SIGNIFICANT_MARK} differs from {table.reference} in a paired t-test over seeds, "
        f"p-value < {SIGNIFICANT} after Holm's correction for {table.comparisons} comparisons."
    )


def _seeds(cells: list[Cell]) -> str:
    counts = sorted({cell.runs for cell in cells if cell.runs})
    span = str(counts[0]) if len(counts) == 1 else f"{counts[0]}–{counts[-1]}"
    return f"{span} seeds"
