"""Combine: marked trials of any studies into one profile, with the base under the thumb."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar, Final

from textual import on, work
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical
from textual.message import Message
from textual.widgets import Static
from textual.worker import get_current_worker

from bertcl_tui.actions import Place, bindings_of
from bertcl_tui.actions.trial import COMBINING
from bertcl_tui.combine.drawing import CombinedRates, facts_of_all, facts_of_combined, weights_of
from bertcl_tui.combine.forms import (
    Evaluation,
    compare_form,
    evaluate_form,
    export_form,
    read_evaluation,
    request_evaluation,
    target_backbone,
    transfer_form,
)
from bertcl_tui.combine.mixture import (
    PUBLISHED,
    Mixture,
    at_depth,
    default_path,
    export_profile,
    load_reference,
    marks,
    read_mixture,
)
from bertcl_tui.combine.mixture_list import BaseDial, MixtureList
from bertcl_tui.combine.outcome import OutcomePanel
from bertcl_tui.kit.dialogs import Texts
from bertcl_tui.kit.live import Folding, LiveScreen
from bertcl_tui.kit.messages import OpenArena, StartWorkers, Trouble
from bertcl_tui.kit.pending import carry_out
from bertcl_tui.store.reader import Reader
from bertcl_tui.style.wording import count
from bertcl_tui.widgets.chart import Chart
from bertcl_tui.widgets.frame import TopBar
from bertcl_tui.widgets.keys import KeyBar, key_for, with_keys
from engine.arena.offers import finished_profile
from engine.arena.profile_score import ProfileScore, score_of_profile
from engine.arena.recorded import Recorded
from engine.errors import EngineError, UsageError
from engine.profiles import DEFAULT_BASE, Backbone, Band, Combined, Profile, bootstrap_band
from engine.spec import Protocol

_BORDERS: Final = 2
_COARSE: Final = 0.1
_FINE: Final = 0.01
_NOTHING_MARKED: Final = """\
Nothing to combine yet.

Open a study and mark its good trials with [b]$mark[/b], in as many studies
as you like; then press [b]$combine[/b]. On the list of studies, [b]$combine[/b] combines
all complete trials of the study under the cursor. [b]$back[/b] goes back.
"""


@dataclass
class MixtureRead(Folding):
    """What the store said."""

    mixture: Mixture


@dataclass
class BandFound(Message):
    """How sure a combination is. Not folding: a late one would take the right one's place."""

    combined: Combined
    band: Band


@dataclass
class ArenaRead(Folding):
    """What the arena has; None: there is nothing combined that it could have."""

    recorded: tuple[Recorded, ...] | None


@dataclass
class ScoreFound(Message):
    """What a combination scored; None: it was not run. Not folding, as ``BandFound``."""

    combined: Combined
    score: ProfileScore | None


class CombineScreen(LiveScreen):
    """Combines trials and shows at once what comes out.

    Args:
        marked: trial numbers by study id; none means every complete trial of that study.
        reader: looks into the store.
        aside: studies that are left out until they are asked for.
    """

    PLACE: ClassVar[Place] = "combine"
    CSS_PATH: ClassVar = ["screen.tcss", "../widgets/top_bar.tcss", "../widgets/key_bar.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("combine")]
    AUTO_FOCUS = "MixtureList"

    def __init__(
        self,
        marked: Mapping[int, frozenset[int]],
        reader: Reader,
        aside: frozenset[int] = frozenset(),
    ) -> None:
        super().__init__()
        self._marked, self._reader, self._aside = dict(marked), reader, aside
        self._mixture = Mixture()
        self._combined: Combined | None = None
        """What comes out, at the depth of ``_target`` where there is one."""
        self._origin: Combined | None = None
        """What comes out, at the depth it was searched at."""
        self._target: Backbone | None = None
        self._band: Band | None = None
        self._recorded: tuple[Recorded, ...] | None = None
        """What the arena has; None: it was not read yet."""
        self._reference = load_reference(PUBLISHED)

    def compose(self) -> ComposeResult:
        yield TopBar("Combine")
        with Container(id="body"):
            yield MixtureList()
            with Vertical(id="outcome"):
                with Vertical(id="dialled", classes="panel"):
                    yield BaseDial()
                    yield Chart(id="rates")
                    yield Static(id="facts", markup=False)
                    yield Static(id="sentence", markup=False)
                yield Chart(id="weights", classes="panel")
                yield OutcomePanel(id="scored", classes="panel")
        yield Static("Reading trials…", id="welcome", markup=False)
        yield KeyBar()

    def on_mount(self) -> None:
        self.add_class("-empty")
        self.query_one(MixtureList).border_title = "From"
        self.query_one("#dialled").border_title = "Learning rate per choice"
        self.query_one("#weights").border_title = "What each trial weighs"
        self.app.theme_changed_signal.subscribe(self, lambda _: self._show())
        self._read()

    # reading

    def read(self) -> ArenaRead:
        return ArenaRead(self._reader.arena() if self._combined else None)

    @on(ArenaRead)
    def _arena_read(self, message: ArenaRead) -> None:
        self._recorded = message.recorded
        self._find_score()

    @work(thread=True, exclusive=True, group="mixture")
    def _read(self) -> None:
        try:
            self.post_message(MixtureRead(read_mixture(self._reader, self._marked, self._aside)))
        except EngineError as error:
            self.post_message(Trouble(str(error)))

    @on(MixtureRead)
    def _mixture_read(self, message: MixtureRead) -> None:
        self.query_one("#welcome", Static).update(with_keys(self.app, _NOTHING_MARKED))
        self._mix(message.mixture)

    def check_action(self, action: str, _: tuple[object, ...]) -> bool | None:
        """Offer what is done with a combination where there is something to combine."""
        return bool(self._mixture.sources) or all(item.handler != action for item in COMBINING)

    # state

    @property
    def combined(self) -> Combined | None:
        """What is shown: the combination, at the depth it was transferred to if it was."""
        return self._combined

    def _mix(self, mixture: Mixture) -> None:
        """Combine this from now on."""
        if mixture.taken != self._mixture.taken:
            self._band = None
        self._mixture = mixture
        self._combine()

    def _combine(self) -> None:
        sentence = ""
        try:
            self._origin = self._mixture.combined()
        except UsageError as error:
            self._origin, sentence = None, str(error)
        self._combined = self._origin
        if self._origin and self._target:
            self._combined = at_depth(self._origin, self._target)
        self.query_one("#sentence", Static).update(sentence)
        self._show()
        if self._combined:
            self._find_band(self._combined)
            if self._recorded is None:
                self.follow()
            self._find_score()

    @work(thread=True, exclusive=True, group="band", description="band")
    def _find_band(self, combined: Combined) -> None:
        band = bootstrap_band(combined)
        if not get_current_worker().is_cancelled:
            self.post_message(BandFound(combined, band))

    @on(BandFound)
    def _band_found(self, message: BandFound) -> None:
        if message.combined is self._combined:
            self._band = message.band
            self._show_rates()

    @work(thread=True, exclusive=True, group="score")
    def _find_score(self) -> None:
        combined, recorded = self._combined, self._recorded
        if combined is None or recorded is None:
            return
        score = score_of_profile(recorded, combined.learning_rates, combined.first_lr)
        if not get_current_worker().is_cancelled:
            self.post_message(ScoreFound(combined, score))

    @on(ScoreFound)
    def _score_found(self, message: ScoreFound) -> None:
        if message.combined is self._combined:
            self.query_one(OutcomePanel).show_score(message.score)

    # showing

    def _show(self) -> None:
        combined = self._combined
        self.set_class(not self._mixture.sources, "-empty")
        self.refresh_bindings()
        self.set_class(combined is None, "-nothing")
        self.query_one(MixtureList).show(self._mixture, combined)
        self.query_one(TopBar).show(["Combine"], facts_of_all(combined))
        effective = ""
        if combined is not None:
            trials = sum(len(study.trials) for study in combined.studies)
            effective = f"effective trials {combined.effective_trials:.1f} of {trials}"
            weights = self.query_one("#weights", Chart)
            weights.styles.max_height = trials + _BORDERS
            weights.show(weights_of(combined, self._mixture))
        self.query_one(BaseDial).show(self._mixture.base, effective)
        self._show_rates()

    def _show_rates(self) -> None:
        combined = self._combined
        if combined is None:
            return
        reference = self._reference
        self.query_one("#rates", Chart).show(
            CombinedRates(
                labels=combined.grouping.labels(),
                rates=combined.learning_rates,
                band=self._band,
                marker=reference.name if reference else "",
                marked_rates=marks(reference, combined) if reference else (),
                trials=tuple(
                    trial.learning_rates for study in combined.studies for trial in study.trials
                ),
            )
        )
        self.query_one("#rates").styles.height = combined.grouping.n_choices + 1
        self.query_one("#facts", Static).update(facts_of_combined(combined, reference))

    # turning and taking

    def action_turn_down(self) -> None:
        self._mix(self._mixture.turned(-_COARSE))

    def action_turn_up(self) -> None:
        self._mix(self._mixture.turned(_COARSE))

    def action_turn_down_finely(self) -> None:
        self._mix(self._mixture.turned(-_FINE))

    def action_turn_up_finely(self) -> None:
        self._mix(self._mixture.turned(_FINE))

    def action_reset_base(self) -> None:
        self._mix(self._mixture.turned(DEFAULT_BASE - self._mixture.base))

    @on(BaseDial.Turned)
    def _turned(self, message: BaseDial.Turned) -> None:
        self._mix(self._mixture.turned(message.base - self._mixture.base))

    def action_take(self) -> None:
        """Take what is under the cursor in or out."""
        place = self.query_one(MixtureList).place
        if place is None:
            return
        if place.number is None:
            self._mix(self._mixture.with_study_toggled(place.study_id))
        else:
            self._mix(self._mixture.with_trial_toggled(place.study_id, place.number))

    def action_unfold(self) -> None:
        self.query_one(MixtureList).toggle_fold()

    @on(MixtureList.Clicked)
    def _clicked(self, message: MixtureList.Clicked) -> None:
        if message.place.number is None:
            self.action_unfold()
        else:
            self.action_take()

    # what becomes of it

    def action_compare(self) -> None:
        """Choose what the marks show."""

        def answered(texts: Texts | None) -> None:
            if texts is not None:
                self._reference = load_reference(texts["profile"])
                self._show_rates()

        self.app.push_screen(compare_form(), answered)

    def action_transfer(self) -> None:
        """Choose the depth that rates are shown and exported for."""
        if self._origin is None:
            return
        origin = self._origin

        def answered(texts: Texts | None) -> None:
            if texts is not None:
                target = target_backbone(texts)
                self._target = target if target.layers != origin.backbone.layers else None
                self._band = None
                self._combine()

        self.app.push_screen(transfer_form(origin), answered)

    def action_export(self) -> None:
        """Ask where the profile goes, then write it."""
        if self._origin is None:
            return
        origin, target = self._origin, self._target

        def answered(texts: Texts | None) -> None:
            if texts is not None:
                write = partial(_write, origin, target, Path(texts["path"]))
                carry_out(self.app, write, group="export")

        self.app.push_screen(export_form(default_path(origin, target)), answered)

    def action_evaluate(self) -> None:
        """Ask for an unseen sequence, then have it learnt with the profile."""
        if self._origin is None:
            return
        profile = finished_profile(
            self._origin, default_path(self._origin, self._target).stem, self._target
        )
        like = self._mixture.spec_of(self._origin.studies[0].study)

        def answered(texts: Texts | None) -> None:
            if texts is not None:
                self.notify("Checking data, model and device…", markup=False)
                asked = profile, like.protocol, read_evaluation(texts)
                evaluate = partial(_evaluate, self.app, self._reader.store, *asked)
                carry_out(self.app, evaluate, group="check")

        self.app.push_screen(evaluate_form(profile, like), answered)

    def action_open_arena(self) -> None:
        self.post_message(OpenArena())

    def action_back(self) -> None:
        """Leave; the marks stay."""
        self.dismiss()


def _write(combined: Combined, target: Backbone | None, path: Path) -> str:
    written = export_profile(finished_profile(combined, path.stem, target), path)
    return f"profile written to {written}"


def _evaluate(
    app: App[object], store: str, profile: Profile, protocol: Protocol, evaluation: Evaluation
) -> str:
    asked = request_evaluation(store, profile, protocol, evaluation)
    app.post_message(StartWorkers())
    key = key_for(app, "open_arena")
    return f"{count(asked, 'run')} queued; {key} shows them in the arena"
