"""What a combined profile scored: against flat, on each sequence that it was run on."""

from msgspec import Struct
from rich.text import Text

from bertcl_tui.charts.forest import Dot, ForestLine, draw_forest
from bertcl_tui.charts.forgetting import Nothing
from bertcl_tui.charts.style import Palette, Size
from bertcl_tui.style.wording import count
from bertcl_tui.widgets.chart import Chart
from bertcl_tui.widgets.frame import entitle
from bertcl_tui.widgets.keys import key_for
from engine.arena import legend
from engine.arena.headline import Effect, SequenceGain
from engine.arena.profile_score import ProfileScore


class Outcome(Struct, frozen=True, kw_only=True):
    """The difference that a profile makes, in all and on each sequence."""

    effect: Effect
    reference: str

    def draw(self, size: Size, palette: Palette) -> Text:
        lines = [_of_all(self.effect), *map(_of_one, self.effect.sequences)]
        return draw_forest(lines, size, palette, self.reference)


def _of_all(effect: Effect) -> ForestLine:
    mean = legend.signed(effect.mean)
    between = None if effect.low is None else f"{mean} ({legend.span(effect)})"
    kind = "seen" if effect.seen else "unseen"
    return ForestLine(
        title=f"mean of {len(effect.counted)} {kind}",
        mean=effect.mean,
        low=effect.low,
        high=effect.high,
        dots=tuple(Dot(gain.gain, gain.counts) for gain in effect.sequences),
        standing=effect.standing,
        told=(between or mean, mean),
    )


def _of_one(gain: SequenceGain) -> ForestLine:
    half, mean = gain.half_width, legend.signed(gain.gain)
    return ForestLine(
        title=gain.sequence,
        mean=gain.gain,
        low=None if half is None else gain.gain - half,
        high=None if half is None else gain.gain + half,
        dots=(),
        standing="exploratory",
        told=(mean if half is None else f"{mean} ± {half:.3f}", mean),
    )


class OutcomePanel(Chart):
    """Shows what a profile scored, or what is missing until that can be told."""

    def show_score(self, score: ProfileScore | None) -> None:
        """Show this score; None: the profile was not run."""
        title, note = "What it scored", "" if score is None else _runs(score)
        if score is not None and score.effect is not None:
            title += f": difference in p to {score.reference}, 95 % intervals"
            self.show(Outcome(effect=score.effect, reference=score.reference))
        else:
            self.show(Nothing(self._missing(score)))
        entitle(self, title, note)

    def _missing(self, score: ProfileScore | None) -> str:
        if score is None:
            key = key_for(self.app, "evaluate")
            return f"These rates were not run yet: {key} runs them on an unseen sequence."
        beside = f"; no run of {score.reference} on the same" if score.reference else ""
        return f"{_runs(score)}{beside}"


def _runs(score: ProfileScore) -> str:
    return f"{score.complete} of {count(score.runs, 'run')} complete"
