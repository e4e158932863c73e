"""The tables that a store can show without anything being run."""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from bertcl_tui.options import build_study_spec
from engine.arena.layouts import Column, Layout
from engine.arena.results import Recorded, Results, recorded
from engine.arena.tables import Table, describe_setting, make_table
from engine.errors import UsageError
from engine.store.connection import Store

_ANY = "a:b"


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
    found = _fitting(recorded(store), texts)
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


def filled_layout(item: Recorded, layout: Layout) -> Layout:
    """Return the layout, with every row or column that was run where it names none of its own."""
    every = tuple(Column(sequence=sequence) for sequence in item.sequences)
    return replace(
        layout, columns=layout.columns or every, entrants=layout.entrants or item.entrants
    )


def recorded_table(item: Recorded, layout: Layout) -> Table:
    """Return the table of a layout that has rows and columns."""
    setting = describe_setting(item.data, item.model, item.protocol)
    return make_table(layout, item.results, setting=setting)


def _fitting(found: Sequence[Recorded], texts: Mapping[str, str]) -> Sequence[Recorded]:
    if not any(texts.values()):
        return found
    asked = build_study_spec({**texts, "sequence": _ANY})
    setting = (asked.data, asked.model, asked.protocol)
    return [item for item in found if (item.data, item.model, item.protocol) == setting]


def _has_some(item: Recorded, layout: Layout) -> bool:
    """Whether any of the asked columns was run; a layout without columns asks for all."""
    return not layout.columns or bool(set(layout.sequences) & set(item.sequences))
