"""The charts of one run, made from a look at it."""

from msgspec import Struct
from rich.text import Text

from bertcl_tui.charts.bars import rate_bounds
from bertcl_tui.charts.forgetting import Learning, Nothing
from bertcl_tui.charts.layers import LayerRow
from bertcl_tui.charts.style import Palette, Size
from bertcl_tui.store.trial_rows import RunFacts
from bertcl_tui.style.wording import score
from bertcl_tui.trial.look import RunLook
from engine.store.states import ENDED


class Layers(Struct, frozen=True, kw_only=True):
    """Layers, and the stages whose drift is known."""

    layers: tuple[LayerRow, ...]
    stages: tuple[str, ...]

    def draw(self, size: Size, palette: Palette) -> Text:
        from bertcl_tui.charts.layers import draw_layers

        rates = tuple(layer.rate for layer in self.layers if layer.rate is not None)
        return draw_layers(self.layers, size, palette, rate_bounds(rates), self.stages)


def learning_of(look: RunLook) -> Learning | Nothing:
    """Return accuracy on every task over all stages."""
    if look.curves is None or not look.curves.curves:
        return Nothing(why_nothing(look.run, "measured"))
    return Learning(look.curves)


def layers_of_run(look: RunLook) -> Layers | Nothing:
    """Return every layer's rate and drift."""
    if not look.layers:
        return Nothing("Its method says its rates when it begins.")
    stages = max((row.stage for row in look.drifts), default=-1) + 1
    return Layers(layers=look.layers, stages=stage_names(look)[:stages])


def stage_names(look: RunLook) -> tuple[str, ...]:
    """Return the tasks of the stages; all at once is one stage."""
    if look.curves is not None and look.curves.stages:
        return tuple(stage.task for stage in look.curves.stages)
    return look.run.spec.sequence


def notes_on(run: RunFacts) -> str:
    """Say what a run is called, why it ended, and what each fresh seed gave."""
    notes = [run.label or "", run.reason or ""]
    if run.confirmation is not None:
        seeds = [f"seed {seed} p {score(p)}" for seed, p in run.confirmation.scores]
        notes.append(", ".join(seeds))
    return " · ".join(note for note in notes if note)


def note_on_drift(look: RunLook) -> str:
    """Say what the columns of drift are, or why there are none."""
    if look.drifts:
        return "drift: its change after each stage"
    if look.run.state in ENDED:
        return "drift was not measured"
    return "drift is measured when a stage is over"


def why_nothing(run: RunFacts, what: str) -> str:
    """Say why there is nothing to show."""
    if run.imported:
        return "It was imported: only its result is known."
    if run.state == "queued":
        return "It waits for a worker."
    if run.state in ENDED:
        return f"Nothing was {what} before it ended."
    return f"Nothing {what} yet."
