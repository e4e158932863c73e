"""What a table shows: its columns and rows, and the paper's own numbers beside them."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from engine.arena.entrants import DEFAULT_RATE, Entrant
from engine.arena.measuring import ALONE, BEFORE_AFTER, P_O_P_S, Measure
from engine.errors import unknown_name
from engine.spec import sequence_name

FREE: Final = "free"
LAYOUTS: Final = ("table1", "table2", "table3", "table4", FREE)

_SEEN = "sst2:mrpc mrpc:sst2 qqp:mrpc mrpc:qqp"
_UNSEEN = "rte:mrpc mrpc:rte mnli:qnli qnli:mnli"
_BERTCL = Entrant(method="profile", rates="bertcl")
_COMBINED = Entrant(method="profile", rates="combined")

Numbers = tuple[float, ...]
"""One for each quantity of the measure."""


class Column(Struct, frozen=True, kw_only=True):
    """What one column is about."""

    sequence: tuple[str, ...]
    task: int = 0
    """Its place in the sequence, for measures that look at one task."""
    title: str = ""
    """Empty: the sequence."""

    @property
    def name(self) -> str:
        return self.title or sequence_name(self.sequence)


class Layout(Struct, frozen=True, kw_only=True):
    """A table without its numbers."""

    name: str
    title: str
    columns: tuple[Column, ...]
    entrants: tuple[Entrant, ...]
    measure: Measure
    paper: Mapping[tuple[str, str], Numbers] = {}
    """The paper's numbers by entrant and column, as these are called."""
    searched: tuple[tuple[str, ...], ...] = ()
    """Sequences to search on where searches are asked for; empty: all of the columns'."""

    @property
    def sequences(self) -> tuple[tuple[str, ...], ...]:
        """The sequences that are learnt, each once."""
        return tuple(dict.fromkeys(column.sequence for column in self.columns))

    @property
    def searched_sequences(self) -> tuple[tuple[str, ...], ...]:
        return self.searched or self.sequences


def free_layout(
    sequences: tuple[tuple[str, ...], ...], entrants: tuple[Entrant, ...], measure: Measure
) -> Layout:
    """Return a table of any sequences and entrants; the paper's numbers stand where it has some."""
    known = {**_table2(DEFAULT_RATE).paper, **_table3(DEFAULT_RATE).paper}
    return Layout(
        name=FREE,
        title="Arena",
        columns=tuple(Column(sequence=sequence) for sequence in sequences),
        entrants=entrants,
        measure=measure,
        paper=known if measure == P_O_P_S else {},
    )


def paper_layout(name: str, lr: float) -> Layout:
    """Return a table of the paper.

    Args:
        name: ``table1`` to ``table4``.
        lr: the learning rate of methods that carry no profile.

    Raises:
        UsageError: there is no such table.
    """
    tables = {"table1": _table1, "table2": _table2, "table3": _table3, "table4": _table4}
    if name not in tables:
        raise unknown_name("layout", name, LAYOUTS)
    return tables[name](lr)


def _table1(lr: float) -> Layout:
    single = Entrant(method="single", rates=lr)
    pairs = _pairs("sst2:mrpc mnli:qnli qqp:rte")
    return Layout(
        name="table1",
        title="Table 1: without a shift",
        columns=tuple(
            Column(sequence=pair, task=place, title=task)
            for pair in pairs
            for place, task in enumerate(pair)
        ),
        entrants=(single,),
        measure=ALONE,
        paper=_row(single, "sst2 mrpc mnli qnli qqp rte", ".925 .860 .829 .905 .899 .700"),
    )


def _table2(lr: float) -> Layout:
    flat, ewc = Entrant(method="flat", rates=lr), Entrant(method="ewc-mlm", rates=lr)
    return Layout(
        name="table2",
        title="Table 2: sequences that were searched on",
        columns=tuple(Column(sequence=sequence) for sequence in _pairs(_SEEN)),
        entrants=(flat, ewc, _BERTCL, _COMBINED),
        measure=P_O_P_S,
        paper={
            **_row(flat, _SEEN, ".904–.860 .740–.922 .869–.831 .725–.901"),
            **_row(ewc, _SEEN, ".845–.836 .650–.915 .851–.855 .691–.895"),
            **_row(_BERTCL, _SEEN, ".923–.853 .765–.910 .877–.838 .767–.892"),
            **_row(_COMBINED, _SEEN, ".908–.836 .755–.916 .877–.823 .738–.891"),
        },
    )


def _table3(lr: float) -> Layout:
    flat, ewc = Entrant(method="flat", rates=lr), Entrant(method="ewc-mlm", rates=lr)
    return Layout(
        name="table3",
        title="Table 3: sequences that were not searched on",
        columns=tuple(Column(sequence=sequence) for sequence in _pairs(_UNSEEN)),
        entrants=(flat, ewc, _COMBINED),
        measure=P_O_P_S,
        paper={
            **_row(flat, _UNSEEN, ".523–.836 .745–.632 .693–.896 .517–.833"),
            **_row(ewc, _UNSEEN, ".570–.846 .774–.639 .610–.908 .509–.835"),
            **_row(_COMBINED, _UNSEEN, ".588–.760 .760–.599 .770–.893 .595–.815"),
        },
        searched=_pairs(_SEEN),
    )


def _table4(lr: float) -> Layout:
    flat = Entrant(method="flat", rates=lr)
    shifts = (
        "sst2/short:sst2/long qnli/short:qnli/long sst2/cluster0:sst2/cluster1 "
        "mrpc/cluster0:mrpc/cluster1 mnli/cluster0:mnli/cluster1"
    )
    return Layout(
        name="table4",
        title="Table 4: shifts within a task, by length and artificial ones",
        columns=tuple(Column(sequence=sequence) for sequence in _pairs(shifts)),
        entrants=(flat,),
        measure=BEFORE_AFTER,
        paper=_row(flat, shifts, ".931–.933 .903–.905 .909–.900 .845–.888 .814–.826"),
    )


def _pairs(text: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(sequence.split(":")) for sequence in text.split())


def _row(entrant: Entrant, columns: str, numbers: str) -> dict[tuple[str, str], Numbers]:
    """Read a row of the paper as it is printed there."""
    return {
        (entrant.name, column): tuple(map(float, cell.split("–")))
        for column, cell in zip(columns.split(), numbers.split(), strict=True)
    }
