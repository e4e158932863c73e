"""What the Shifts screen asks for."""

from pathlib import Path

from bertcl_tui.kit.form import FormScreen, Texts
from bertcl_tui.options import Field
from bertcl_tui.shifts.question import question_fields, read_question
from engine.tasks.catalog import describe
from engine.tasks.shifts.findings import Question
from engine.work.ask import picture_path


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

    field = Field(
        name="path",
        label="File",
        help="SVG or PNG, as its name ends.",
        read=Path,
        default=f"{question.task}-shifts.svg",
    )
    return FormScreen("Write the picture", [field], go="Write", remark=remark)
