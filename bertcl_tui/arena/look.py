"""One look at the arena: what its screen shows, and the recorded tables. May block."""

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from bertcl_tui.arena.launching import asked_layout
from bertcl_tui.options import build_study_spec
from bertcl_tui.store.reader import Reader
from bertcl_tui.store.trial_rows import RunRow, TrialState
from engine.arena.entrants import DEFAULT_RATE, Entrant
from engine.arena.layouts import FREE, LAYOUTS, Column, Layout
from engine.arena.measuring import ALONE, MEASURES
from engine.arena.recorded import Recorded, Setting, recorded, setting_of
from engine.arena.results import CellRuns, Results
from engine.arena.tables import Cell, Table, describe_setting, make_table
from engine.errors import UsageError
from engine.store.connection import Store
from engine.store.runs import RunRecord
from engine.store.states import UNFINISHED

_ANY_SEQUENCE = "a:b"
_LAYOUT_ORDER: Final = (FREE, *(name for name in LAYOUTS if name != FREE))
"""Layouts in the order in which they are turned through."""
_STATE_ORDER: Final[tuple[TrialState, ...]] = (
    *("running", "stalled", "lost", "queued", "paused"),
    *("failed", "collapsed", "stopped", "pruned"),
)
"""States in the order in which a cell tells them."""


class Question(Struct, frozen=True, kw_only=True):
    """What is asked."""

    layout: str = FREE
    measure: str = ""
    """Empty: the layout's own."""
    of: Setting | None = None
    """Of which runs; None: of the first that are there."""

    def next_layout(self) -> "Question":
        """Return the same of the next layout, with its own measure."""
        place = _LAYOUT_ORDER.index(self.layout) + 1
        return Question(layout=_LAYOUT_ORDER[place % len(_LAYOUT_ORDER)], of=self.of)

    def next_measure(self) -> "Question":
        """Return the same with the next measure; tasks that are learnt alone have but one."""
        own = _layout(self.layout, "").measure
        names = [own.name, *(name for name in MEASURES if name != own.name)]
        if own == ALONE:
            names = names[:1]
        place = names.index(self.measure or own.name) + 1
        name = names[place % len(names)]
        return replace(self, measure="" if name == own.name else name)


class Tally(Struct, frozen=True, kw_only=True):
    """How far the runs of a cell are."""

    complete: int
    planned: int
    others: tuple[tuple[TrialState, int], ...]
    """How many are in each other state that some are in."""
    share: float | None
    """Done of the run that goes on; None: none does, or several do."""


class Look(Struct, frozen=True, kw_only=True):
    """What the store said."""

    settings: tuple[Setting, ...]
    """Under which anything was run."""
    recorded: Recorded
    """What was run under the one that is shown."""
    layout: Layout
    table: Table
    going: Mapping[int, RunRow]
    """The runs of this table that are not ended, by id."""
    tallies: tuple[tuple[Tally | None, ...], ...]
    """By row and column; None where nothing was asked for."""

    @property
    def setting(self) -> int:
        """Which of the settings is shown, from 0."""
        return self.settings.index(self.recorded.setting)

    @property
    def next_setting(self) -> Setting:
        """The one to be shown after this one."""
        return self.settings[(self.setting + 1) % len(self.settings)]

    def entrant(self, row: int) -> Entrant:
        """Return whose row it is."""
        return self.layout.entrants[row]

    def column(self, column: int) -> Column:
        """Return what a column is about."""
        return self.layout.columns[column]

    def cell(self, row: int, column: int) -> Cell:
        """Return what is shown there."""
        return self.table.rows[row].cells[column]

    def runs(self, row: int, column: int) -> CellRuns | None:
        """Return the runs behind a cell; None: nothing was asked for."""
        key = (self.entrant(row).name, self.column(column).sequence)
        return self.recorded.results.cells.get(key)


def look_at_arena(reader: Reader, question: Question, before: Look | None = None) -> Look | None:
    """Ask the store and make the table; None: nothing was ever run for the arena.

    The first call loads what the statistics need.

    Args:
        reader: of the store.
        question: what is asked.
        before: the last look, for a table in which nothing has changed since.
    """
    recorded = reader.arena()
    if not recorded:
        return None
    item = next((item for item in recorded if item.setting == question.of), recorded[0])
    layout = filled_layout(item, _layout(question.layout, question.measure))
    ids = {run.id for found in item.results.cells.values() for run in found.runs}
    going = {row.run_id: row for row in reader.unfinished_runs() if row.run_id in ids}
    return Look(
        settings=tuple(item.setting for item in recorded),
        recorded=item,
        layout=layout,
        table=_table(item, layout, before),
        going=going,
        tallies=tuple(
            tuple(_tally(item, entrant, column, going) for column in layout.columns)
            for entrant in layout.entrants
        ),
    )


def _layout(name: str, measure: str) -> Layout:
    return asked_layout(name, "", "", measure, DEFAULT_RATE)


def _tally(
    item: Recorded, entrant: Entrant, column: Column, going: Mapping[int, RunRow]
) -> Tally | None:
    found = item.results.cells.get((entrant.name, column.sequence))
    if found is None:
        return None
    states = [shown_state(run, going) for run in found.runs]
    at_work = (going[run.id] for run in found.runs if run.id in going)
    running = [row for row in at_work if row.state == "running"]
    return Tally(
        complete=states.count("complete"),
        planned=found.planned,
        others=tuple((state, states.count(state)) for state in _STATE_ORDER if state in states),
        share=running[0].share if len(running) == 1 else None,
    )


def shown_state(run: RunRecord, going: Mapping[int, RunRow]) -> TrialState:
    """Return the state that a run is shown in, given those that are not ended."""
    state: TrialState = run.state
    return going[run.id].state if run.id in going and state in UNFINISHED else state


def _table(item: Recorded, layout: Layout, before: Look | None) -> Table:
    """Return the table; while runs only get on, it is the one before."""
    if (
        before is not None
        and before.layout == layout
        and before.recorded.setting == item.setting
        and _outcomes(before.recorded) == _outcomes(item)
        and before.recorded.declared == item.declared
    ):
        return before.table
    return recorded_table(item, layout)


def _outcomes(item: Recorded) -> list[tuple[object, ...]]:
    """Return everything of the runs that a table shows."""
    return [
        (*key, found.source, found.planned, found.accuracies, found.lost, run.state, run.reason)
        for key, found in item.results.cells.items()
        for run in found.runs
    ]


def recorded_tables(store: Store, layout: Layout, texts: Mapping[str, str]) -> list[Table]:
    """Return a table of each setting under which something was run.

    Args:
        store: where the runs are.
        layout: which rows and columns; where it has none, all that there are. One that has both is
            shown even if nothing of it was run.
        texts: what was typed of data, model and protocol, by option name; nothing: any.

    Raises:
        UsageError: nothing was recorded that fits.
    """
    found = fitting(recorded(store), texts)
    tables = [
        recorded_table(item, filled_layout(item, layout))
        for item in found
        if _has_some(item, layout)
    ]
    if not tables and layout.columns and layout.entrants:
        return [make_table(layout, Results(cells={}))]
    if not tables:
        raise UsageError(
            "the store has no run of the arena that fits; without --offline it is asked for"
        )
    return tables


def recorded_table(item: Recorded, layout: Layout) -> Table:
    """Return the table of a layout that has rows and columns."""
    setting = describe_setting(item.data, item.model, item.protocol)
    return make_table(
        layout,
        item.results,
        setting=setting,
        score=item.protocol.score,
        declared=item.declared,
    )


def filled_layout(item: Recorded, layout: Layout) -> Layout:
    """Return the layout, with every row or column that was run where it names none of its own."""
    every = tuple(Column(sequence=sequence) for sequence in item.sequences)
    return replace(
        layout, columns=layout.columns or every, entrants=layout.entrants or item.entrants
    )


def fitting(found: Sequence[Recorded], texts: Mapping[str, str]) -> Sequence[Recorded]:
    """Return what was recorded on the data, model and protocol that were typed; nothing: all."""
    if not any(texts.values()):
        return found
    asked = build_study_spec({**texts, "sequence": _ANY_SEQUENCE})
    setting = setting_of(asked)
    return [item for item in found if item.setting == setting]


def _has_some(item: Recorded, layout: Layout) -> bool:
    """Whether any of the asked columns was run; a layout without columns asks for all."""
    return not layout.columns or bool(set(layout.sequences) & set(item.sequences))
