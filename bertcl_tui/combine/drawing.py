"""What comes out of a combination: rates with their band, what each trial weighs, and facts."""

from msgspec import Struct
from rich.table import Table
from rich.text import Text

from bertcl_tui.charts.rate_axis import rate_bounds
from bertcl_tui.charts.style import Palette, Size
from bertcl_tui.combine.mixture import Mixture, Reference
from bertcl_tui.style.wording import count, stage_1_said
from engine.profiles import Band, Combined, Profile


class CombinedRates(Struct, frozen=True, kw_only=True):
    """One learning rate per choice, how sure it is, and what it is compared with."""

    labels: tuple[str, ...]
    rates: tuple[float, ...]
    band: Band | None = None
    marker: str = ""
    marked_rates: tuple[float, ...] = ()
    trials: tuple[tuple[float, ...], ...] = ()
    """The profiles that it is a mean of."""

    def draw(self, size: Size, palette: Palette) -> Text:
        from bertcl_tui.charts.rates import ChoiceRate, Marker, draw_rates

        unsure: tuple[float | None, ...] = (None,) * len(self.rates)
        lows, highs = (self.band.low, self.band.high) if self.band else (unsure, unsure)
        of_choice = list(zip(*self.trials, strict=True)) or [()] * len(self.rates)
        choices = [
            ChoiceRate(label=label, rate=rate, low=low, high=high, among=among)
            for label, rate, low, high, among in zip(
                self.labels, self.rates, lows, highs, of_choice, strict=True
            )
        ]
        return draw_rates(
            choices,
            size,
            palette,
            rate_bounds((*self.rates, *self.marked_rates)),
            Marker(self.marker, self.marked_rates) if self.marked_rates else None,
        )


class TrialWeights(Struct, frozen=True):
    """How much each trial counts in the whole."""

    combined: Combined
    slots: dict[str, dict[int, int]] = {}
    """Colour and glyph of the trials that have them, by study and number."""

    def draw(self, size: Size, palette: Palette) -> Text:
        from bertcl_tui.charts.shares import Share, draw_shares

        studies = self.combined.studies
        shares = [
            Share(
                f"#{trial.number} {study.study}",
                trial.weight / len(studies),
                self.slots.get(study.study, {}).get(trial.number),
            )
            for study in studies
            for trial in study.trials
        ]
        return draw_shares(shares, size, palette)


def weights_of(combined: Combined, mixture: Mixture) -> TrialWeights:
    """Return how much each trial counts, in the colours that they have in their studies."""
    return TrialWeights(combined, {each.spec.name: each.slots for each in mixture.sources})


def facts_of_all(combined: Combined | None) -> list[str]:
    if combined is None:
        return []
    trials = sum(len(study.trials) for study in combined.studies)
    refused = len(combined.refusals)
    return [
        count(len(combined.studies), "study", "studies"),
        count(trials, "trial"),
        f"{refused} refused ✗" if refused else "one protocol ✓",
    ]


def facts_of_combined(combined: Combined, reference: Reference | None) -> Table:
    """Return what the chart's parts mean."""
    backbone, grouping = combined.backbone, combined.grouping
    facts = Table.grid(padding=(0, 2, 0, 0))
    about = f"{backbone.name}, {count(backbone.layers, 'layer')}, grouping {grouping.preset}"
    facts.add_row("for", Text(about))
    if combined.first_lr is not None:
        facts.add_row("", f"later stages, {stage_1_said(combined.first_lr)}")
    facts.add_row("╵", "a trial's; ├─┤ 5 to 95 % of 1,000 bootstrap draws")
    if reference is not None:
        facts.add_row("◆", Text(_origin(reference.profile, combined)))
    return facts


def _origin(profile: Profile, combined: Combined) -> str:
    name = f"{profile.name} ({profile.backbone.name})"
    if profile.grouping == combined.grouping:
        return name
    here, there = combined.backbone.layers, profile.backbone.layers
    how = "regrouped" if here == there else f"by relative depth, {there}→{here} layers"
    return f"{name}, {how}"
