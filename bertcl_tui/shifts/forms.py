"""What the Shifts screen asks for, and its list of tasks."""

from typing import ClassVar, Final

from textual.binding import BindingType
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from bertcl_tui.actions import Place, bindings_of
from bertcl_tui.kit.dialogs import FormScreen, Texts
from bertcl_tui.options.readers import file_field
from bertcl_tui.shifts.question import question_fields, read_question
from engine.tasks.catalog import describe
from engine.tasks.shift_findings import Question
from engine.tasks.subsets import SUBSETS
from engine.work.ask import picture_path

_SHIFTS: Final = tuple(
    (first.name, second.name)
    for first in SUBSETS
    for second in SUBSETS
    if first.shift == second.shift and first is not second
)


def question_form(asked: Question | None) -> FormScreen:
    """Ask which task is looked at, and what reads it."""

    def remark(texts: Texts) -> str:
        question = read_question(texts)
        return describe(question.task, question.data).description

    return FormScreen("Shifts of a task", question_fields(asked), go="Look", remark=remark)


def picture_form(question: Question) -> FormScreen:
    """Ask where a picture goes."""

    def remark(texts: Texts) -> str:
        path = picture_path(texts["path"])
        return f"{'Replaces' if path.exists() else 'Writes'} {path}"

    file = f"{question.task}-shifts.svg"
    field = file_field("SVG or PNG, as its name ends.", file)
    return FormScreen("Write the picture", [field], go="Write", remark=remark)


class ShiftList(OptionList, inherit_bindings=False):
    """Shows each shift in both directions."""

    # Enter is left to the screen.
    PLACE: ClassVar[Place] = "list"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("list")]

    def __init__(self) -> None:
        super().__init__(*(Option(f"{one} → {other}") for one, other in _SHIFTS), compact=True)
        self.highlighted = 0

    @property
    def parts(self) -> tuple[str, str]:
        """The parts of the shift under the cursor, in the order of learning."""
        return _SHIFTS[self.highlighted or 0]
