"""Watch: the rules by which one is told what happens, to be made, switched and tried."""

from collections.abc import Mapping
from typing import ClassVar, Final

from msgspec.structs import replace
from rich.table import Table
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Horizontal
from textual.screen import Screen
from textual.widgets import Static

from bertcl_tui.actions import Place, bindings_of
from bertcl_tui.kit.dialogs import ConfirmScreen, Texts
from bertcl_tui.news.rules import KINDS, Rule
from bertcl_tui.settings.configuration import Configuration
from bertcl_tui.style.looks import looks_of
from bertcl_tui.style.wording import count
from bertcl_tui.watch.announcer import Announcer
from bertcl_tui.watch.form import read_rule, rule_form
from bertcl_tui.watch.table import USUAL_NAME, RuleLine, RulesTable, ToldPanel
from bertcl_tui.widgets.frame import TopBar, entitle
from bertcl_tui.widgets.keys import KeyBar, key_for, with_keys

_EXPLAINED: Final = (
    "Rules hold while this app is open; without it, [b]bertcl-tui watch[/b] follows them. "
    "[b]$open_settings[/b] sets bell and desktop of the notifications."
)


class WatchScreen(Screen[None]):
    """Shows the rules; every change holds at once and is remembered.

    Args:
        configuration: of the app.
        announcer: of the app; tells what happens.
    """

    PLACE: ClassVar[Place] = "watch"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("watch")]
    AUTO_FOCUS = "RulesTable"
    CSS_PATH: ClassVar = [
        "screen.tcss",
        "../widgets/key_bar.tcss",
        "../widgets/row_table.tcss",
        "../widgets/top_bar.tcss",
    ]

    def __init__(self, configuration: Configuration, announcer: Announcer) -> None:
        super().__init__()
        self._configuration = configuration
        self._announcer = announcer

    def compose(self) -> ComposeResult:
        yield TopBar("Watch")
        with Container(id="rules", classes="panel"):
            yield RulesTable()
            yield Static(with_keys(self.app, _EXPLAINED), id="explained")
        with Horizontal(id="below"):
            yield ToldPanel(classes="panel")
            yield Static(id="kinds", classes="panel")
        yield KeyBar()

    def on_mount(self) -> None:
        path = self._configuration.path
        self.query_one(TopBar).show(["Watch"], [str(path)] if path else ["not kept"])
        self.query_one("#kinds").border_title = "What can be told"
        self._announcer.told_signal.subscribe(self, lambda _: self._show_told())
        self.app.theme_changed_signal.subscribe(self, lambda _: self._show_kinds())
        self._show_told()
        self._show_kinds()

    def on_screen_resume(self) -> None:
        """Show what was changed in Settings meanwhile."""
        self._show()

    def _show(self) -> None:
        settings = self._configuration.settings
        usual = RuleLine(name=USUAL_NAME, rule=settings.usual)
        own = [RuleLine(name=name, rule=rule) for name, rule in settings.watch.items()]
        entitle(self.query_one("#rules"), f"Rules ─ {count(len(own), 'rule')} of your own")
        self.query_one(RulesTable).show([usual, *own])

    def _show_told(self) -> None:
        self.query_one(ToldPanel).show(tuple(self._announcer.told))

    def _show_kinds(self) -> None:
        looks = looks_of(self.app)
        table = Table.grid(padding=(0, 2, 0, 0))
        for kind, meaning in KINDS.items():
            table.add_row(Text(kind, f"bold {looks.accent}"), Text(meaning))
        self.query_one("#kinds", Static).update(table)

    @property
    def _rules(self) -> Mapping[str, Rule]:
        return self._configuration.settings.watch

    def _keep(self, rules: Mapping[str, Rule]) -> None:
        self._configuration.change(watch=dict(rules))
        self._show()

    # keys

    def check_action(self, action: str, _: tuple[object, ...]) -> bool | None:
        """Offer what can be done with the rule under the cursor."""
        line = self.query_one(RulesTable).current if self.is_mounted else None
        if action == "delete_rule":
            return line is not None and not line.is_usual
        return True

    @on(RulesTable.Moved)
    def _moved(self) -> None:
        self.refresh_bindings()

    def action_new_rule(self) -> None:
        self._ask("", Rule())

    @on(RulesTable.Opened)
    async def _opened(self) -> None:
        line = self.query_one(RulesTable).current
        if line is not None and line.is_usual:
            await self.app.run_action("open_settings")
        elif line is not None:
            self._ask(line.name, line.rule)

    def _ask(self, name: str, rule: Rule) -> None:
        def answered(texts: Texts | None) -> None:
            if texts is None:
                return
            new, changed = texts["name"], replace(read_rule(texts), active=rule.active)
            # in its place, under whichever name
            kept = {new if each == name else each: item for each, item in self._rules.items()}
            self._keep({**kept, new: changed})

        taken = {*self._rules, USUAL_NAME} - {name}
        self.app.push_screen(rule_form(name, rule, taken), answered)

    def action_switch_rule(self) -> None:
        line = self.query_one(RulesTable).current
        if line is None:
            return
        if line.is_usual:
            self._configuration.change(notify=not line.rule.active)
            self._show()
            return
        switched = replace(line.rule, active=not line.rule.active)
        self._keep({**self._rules, line.name: switched})

    def action_try_rule(self) -> None:
        line = self.query_one(RulesTable).current
        if line is not None:
            self._announcer.try_out(line.name, line.rule)
            said = ", ".join(line.rule.channels)
            self.notify(f"sent to {said}" if said else "this is where it is told", markup=False)

    def action_delete_rule(self) -> None:
        line = self.query_one(RulesTable).current
        if line is None or line.is_usual:
            return
        question = ConfirmScreen(
            f"Take the rule {line.name} away?",
            f"To switch it off only, press {key_for(self.app, 'switch_rule')} on it.",
            "Take away",
        )

        def answered(yes: bool | None) -> None:  # noqa: FBT001 - the dialog gives it by place
            if yes:
                self._keep({name: rule for name, rule in self._rules.items() if name != line.name})

        self.app.push_screen(question, answered)

    def action_back(self) -> None:
        self.dismiss()
