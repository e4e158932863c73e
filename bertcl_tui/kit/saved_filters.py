"""Filters that a person gave a name: saving one, and picking one from a list."""

from collections.abc import Mapping
from typing import ClassVar, Final

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widgets import OptionList

from bertcl_tui.kit.dialogs import FormScreen, Texts
from bertcl_tui.kit.messages import FiltersSaved
from bertcl_tui.kit.picking import PickingScreen, Wording
from bertcl_tui.options.readers import Field
from bertcl_tui.widgets.filter_bar import FilterBar
from bertcl_tui.widgets.keys import key_for
from engine.errors import UsageError, shown

_MOST: Final = 40
"""Characters of a name."""


class SavedFiltersScreen(PickingScreen[str]):
    """Asks for one of the saved filters; the answer is its name, None for never mind.

    Args:
        bar: in which it will stand; it loses those that are forgotten here.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("delete,x", "forget", show=False)]

    def __init__(self, bar: FilterBar) -> None:
        self._bar, self._names = bar, sorted(bar.saved)
        super().__init__(
            Wording("Saved filters", "enter takes it · x forgets it"),
            self._names,
            [_line(name, bar.saved[name]) for name in self._names],
            None,
        )

    def action_forget(self) -> None:
        """Forget the filter under the cursor."""
        choice = self.query_one(OptionList)
        if choice.highlighted is None:
            return
        name = self._names.pop(choice.highlighted)
        choice.remove_option_at_index(choice.highlighted)
        _keep(self._bar, {each: self._bar.saved[each] for each in self._bar.saved if each != name})
        if not self._names:
            self.dismiss(None)


def _line(name: str, text: str) -> Text:
    return Text.assemble((f"{name:<20} ", "bold"), (text, "dim"))


def save_filter(bar: FilterBar) -> None:
    """Ask for a name for the filter that holds, and save it."""
    text = bar.in_force.strip()
    if not text:
        bar.notify("write a filter first; then it can have a name", markup=False)
        return

    def read(name: str) -> str:
        if not name:
            raise UsageError("no name yet")
        if len(name) > _MOST:
            raise UsageError(f"a name has at most {_MOST} characters")
        return name

    def remark(texts: Texts) -> str:
        known = bar.saved.get(texts["name"].strip())
        said = f"Takes the place of {shown(known)}" if known not in (None, text) else shown(text)
        return f"{said}; {key_for(bar.app, 'recall_filter')} lists what is saved."

    def answered(texts: Texts | None) -> None:
        if texts is not None:
            _keep(bar, {**bar.saved, texts["name"].strip(): text})
        bar.open()

    field = Field("name", "Name", "By which it is found again.", read)
    bar.app.push_screen(FormScreen("Save the filter", [field], go="Save", remark=remark), answered)


def recall_filter(bar: FilterBar) -> None:
    """Ask for one of the saved filters, and let it hold."""
    if not bar.saved:
        key = key_for(bar.app, "save_filter")
        bar.notify(f"no filter is saved yet; {key} saves the one that is written", markup=False)
        return

    def answered(name: str | None) -> None:
        if name is not None:
            bar.take(bar.saved[name])

    bar.app.push_screen(SavedFiltersScreen(bar), answered)


def _keep(bar: FilterBar, filters: Mapping[str, str]) -> None:
    bar.saved = filters
    bar.post_message(FiltersSaved(bar.table, filters))
