"""What the trials of a study are held against: a run with one rate for all, of the study or not."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from rich.text import Text
from textual.screen import Screen

from bertcl_tui.kit.pending import carry_out
from bertcl_tui.kit.picking import PickingScreen, Wording
from bertcl_tui.store.reader import Reader
from bertcl_tui.store.trial_rows import Scored
from bertcl_tui.style.wording import score

_MOST_OF_A_NAME: Final = 24
"""Characters of a study's name beside a run."""


def flats_of(scored: Iterable[Scored]) -> tuple[Scored, ...]:
    """Return the trials in which every choice has the same rate, in their order."""
    return tuple(trial for trial in scored if len(set(trial.learning_rates)) == 1)


def flats_elsewhere(reader: Reader, study_id: int) -> tuple[Scored, ...]:
    """Return flat runs of others that a study's trials may be held against, best first."""
    study = reader.record(study_id)
    return () if study is None else reader.flats_elsewhere(study)


def baselines(reader: Reader, study_id: int, scored: Iterable[Scored]) -> tuple[Scored, ...]:
    """Return all runs that a study's trials may be held against, its own first."""
    return (*flats_of(scored), *flats_elsewhere(reader, study_id))


def flat_baseline(scored: Iterable[Scored], chosen: int | None = None) -> Scored | None:
    """Return the one whose run was chosen, else the first in which all rates are the same."""
    flats = flats_of(scored)
    return next((flat for flat in flats if flat.run_id == chosen), next(iter(flats), None))


def flat_name(flat: Scored) -> str:
    """Return what the baseline is called, and whose it is where it is not of the study itself."""
    name = flat.label or f"flat #{flat.number}"
    return f"{name} ({flat.of})" if flat.of else name


class BaselineScreen(PickingScreen[int]):
    """Asks which run is the baseline; the answer is its id, None for never mind.

    Args:
        flats: those that there are, the study's own first.
        chosen: id of the one that is it now.
    """

    def __init__(self, flats: Sequence[Scored], chosen: int | None) -> None:
        super().__init__(
            Wording("Flat baseline", "same sequence, data, backbone and protocol"),
            [flat.run_id for flat in flats],
            [_baseline_line(flat, "›" if flat.run_id == chosen else " ") for flat in flats],
            chosen,
        )


def _baseline_line(flat: Scored, mark: str) -> Text:
    text = Text(f"{mark} ")
    text.append(f"{flat.label or f'flat #{flat.number}':<13} ", style="bold")
    text.append(f"p {score(flat.p)} = {score(flat.p_o)} + {score(flat.p_s)} ")
    whose = flat.of or f"#{flat.number} of this study"
    cut = len(whose) > _MOST_OF_A_NAME
    return text.append(f"{whose[: _MOST_OF_A_NAME - 1]}…" if cut else whose, style="dim")


def ask_for_baseline(
    screen: Screen[None],
    found: Callable[[], Sequence[Scored]],
    now: int | None,
    chosen: Callable[[int], None],
) -> None:
    """Ask which run trials are held against.

    Args:
        screen: that asks.
        found: finds those that there are; may block.
        now: id of the run that it is by now.
        chosen: is called with the id of the run that it is to be.
    """
    app = screen.app

    def answered(run_id: int | None) -> None:
        if run_id is not None:
            chosen(run_id)

    def offer(flats: Sequence[Scored]) -> None:
        if screen.is_active:
            app.push_screen(BaselineScreen(flats, now), answered)

    def ask() -> str:
        flats = found()
        if not flats:
            return "no run with one rate for all is complete in this store"
        app.call_from_thread(offer, flats)
        return ""

    carry_out(app, ask, group="baseline")
