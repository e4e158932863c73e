"""A study as it stood: the reader's answers, made only of what had ended by a moment."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from bertcl_tui.store.filters import Filter, NumberTerm
from bertcl_tui.store.reader import Reader
from bertcl_tui.store.study_rows import StudyRow
from bertcl_tui.store.trial_rows import (
    BY_P,
    Ending,
    ImportanceRow,
    Order,
    Ordered,
    Repeat,
    Scored,
    TrialRow,
)

if TYPE_CHECKING:
    from engine.spec.search import Evaluator
    from engine.store.connection import Store


class PastReader(Reader):
    """Looks into a store as if nothing had happened since a moment.

    Trials that ran then are left out: when each of their steps was made is not kept.

    Args:
        reader: of the store, which stays open as long as that one is.
        until: the moment, in seconds since 1970.
    """

    def __init__(self, reader: Reader, until: float) -> None:
        super().__init__(reader.store, reader.clock)
        self._reader, self.until = reader, until

    def _store(self) -> "Store | None":
        return self._reader._store()  # noqa: SLF001 - it is a reader of the same kind

    def endings(self, study_id: int) -> tuple[Ending, ...]:
        """Return when each trial of a study ended, up to now, in that order."""
        with self._connected() as connection:
            if connection is None:
                return ()
            from bertcl_tui.store.queries.past import endings

            return endings(connection, study_id)

    def study(self, study_id: int) -> StudyRow | None:
        study = super().study(study_id)
        with self._connected() as connection:
            if study is None or connection is None:
                return None
            from bertcl_tui.store.queries.past import as_it_stood

            return as_it_stood(connection, study, self.until)

    def ordered_trials(
        self,
        study_id: int,
        *,
        where: Filter = (),
        order: Order = BY_P,
        before: Ordered | None = None,
    ) -> Ordered:
        ended = NumberTerm("finished_at", "<=", self.until)
        return super().ordered_trials(study_id, where=(*where, ended), order=order, before=before)

    def chosen_trials(self, study_id: int, numbers: Sequence[int]) -> tuple[TrialRow, ...]:
        with self._connected() as connection:
            if connection is None:
                return ()
            from bertcl_tui.store.queries.trials import chosen

            return chosen(connection, study_id, numbers, self.clock(), self.until)

    def scored(self, study_id: int) -> tuple[Scored, ...]:
        with self._connected() as connection:
            if connection is None:
                return ()
            from bertcl_tui.store.queries.trials import scored

            return scored(connection, study_id, self.until)

    def repeats(self, trial_ids: Collection[int]) -> dict[int, tuple[Repeat, ...]]:
        from bertcl_tui.store.queries.seeds import repeats

        with self._connected() as connection:
            return {} if connection is None else repeats(connection, trial_ids, self.until)

    def importance(self, study_id: int, evaluator: "Evaluator") -> ImportanceRow | None:
        """Return what matters, where it was weighed from as many trials as were complete then."""
        found = super().importance(study_id, evaluator)
        with self._connected() as connection:
            if found is None or connection is None:
                return None
            from bertcl_tui.store.queries.past import complete_by

            now = complete_by(connection, study_id, self.until)
            return found if found.trials == now else None
