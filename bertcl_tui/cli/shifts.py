"""``shifts``: how a task can be shifted against itself, in figures and as a picture."""

import shutil
from typing import Annotated, Final

import typer
from msgspec.structs import replace

from bertcl_tui.charts.style import DARK
from bertcl_tui.cli.output import (
    Display,
    View,
    make_table,
    open_progress,
    print_json,
    print_line,
    print_text,
)
from bertcl_tui.cli.parameters import Json, offer_data, offer_tasks, offer_words
from bertcl_tui.cli.stores import use_places
from bertcl_tui.options import option, readers
from bertcl_tui.shifts.charts import LengthHistogram, by_cluster, by_label
from bertcl_tui.shifts.facts import (
    Found,
    agreement_said,
    class_shares,
    cut_said,
    facts_of,
    parts_of,
    plane_said,
)
from bertcl_tui.shifts.question import read_question
from bertcl_tui.style.wording import count
from engine.tasks.shift_findings import METHODS, Clusters, Lengths, Method, Projection, Question
from engine.work.ask import DrawShifts, ShiftRequest, draw_shifts, picture_path

_LINES: Final = 14
_MOST_COLUMNS: Final = 100
_read_method: Final = readers.one_of("projection", METHODS)

Task = Annotated[
    str,
    typer.Argument(
        metavar="TASK", help="A task of the data, like sst2.", autocompletion=offer_tasks
    ),
]
Data = Annotated[
    str,
    typer.Option(
        metavar="DATA",
        help=option("data").help,
        autocompletion=offer_data,
    ),
]
Model = Annotated[str, typer.Option(metavar="MODEL", help="Whose tokens count, and who embeds.")]
Preset = Annotated[str, typer.Option(metavar="PRESET", help="How lengths are cut.")]
MaxLength = Annotated[
    str, typer.Option(metavar="N", help="Tokens that are embedded of a row.", show_default=False)
]
Projected = Annotated[
    str,
    typer.Option(
        metavar="METHOD",
        help="The plane: tsne or pca.",
        autocompletion=offer_words(dict.fromkeys(METHODS, "")),
    ),
]
Rows = Annotated[int, typer.Option(min=10, max=4000, metavar="N", help="At most so many points.")]
Out = Annotated[
    str, typer.Option(metavar="FILE", help="Draw it as SVG or PNG.", show_default=False)
]


def shifts(
    task: Task,
    *,
    data: Data = "hub",
    model: Model = "",
    preset: Preset = "default",
    max_length: MaxLength = "",
    projection: Projected = "tsne",
    rows: Rows = 1000,
    out: Out = "",
    json: Json = False,
) -> None:
    """Show how a task is shifted against itself: short and long texts, and two clusters.

    The clusters are of what the pretrained model makes of the texts, as in Fig. 1 of the paper.
    The first look embeds some thousand rows; after that it is kept. Search on a shift with
    TASK/short:TASK/long or TASK/cluster0:TASK/cluster1.
    """
    method: Method = "pca" if _read_method(projection) == "pca" else "tsne"
    texts = {
        "task": task,
        "data": data,
        "model": model,
        "preset": preset,
        "max_length": max_length,
    }
    question = replace(read_question(texts), rows=rows, projections=(method,))
    if out:
        picture_path(out)
    use_places()
    found = _look(question)
    picture = DrawShifts(question=question, method=method, path=out)
    path = str(draw_shifts(picture)) if out else None
    if json:
        print_json({**facts_of(found), "picture": path})
        return
    _print(found, drawn=path is None)
    if path is not None:
        print_line(f"picture: {path}")


def _look(question: Question) -> Found:
    look, found = ShiftRequest(question), Found(question=question)
    with open_progress() as display:
        _show(display, found)
        for news in look.findings():
            found = found.plus(news)
            _show(display, found)
    return found


def _show(display: Display, found: Found) -> None:
    done, total = (found.progress.done, found.progress.total) if found.progress else (0, 1)
    note = f"{done:,} of {count(total, 'row')} embedded" if found.progress else "looking"
    display.show(View(title=found.question.task, done=done, total=total, note=note))


def _print(found: Found, *, drawn: bool) -> None:
    assert found.lengths is not None  # all was found, or an error raised
    assert found.clusters is not None
    table = make_table(["part"], ["rows", *found.lengths.labels])
    for part in parts_of(found):
        table.add_row(part.name, f"{part.rows:,}", *class_shares(part))
    print_text(table)
    print_line("")
    print_line(
        f"length: {cut_said(found.lengths)}; {count(found.lengths.train_rows, 'training row')}"
    )
    print_line(
        f"clusters: of {count(found.clusters.looked_at, 'training row')}; "
        f"{agreement_said(found.clusters)} with the labels (0: by chance, 1: the same)"
    )
    if drawn:
        _draw(found.lengths, found.clusters, found.planes[0])


def _draw(lengths: Lengths, clusters: Clusters, plane: Projection) -> None:
    size = (min(shutil.get_terminal_size().columns, _MOST_COLUMNS), _LINES)
    shown = count(len(clusters.shown), "training row")
    for title, drawing in (
        ("length", LengthHistogram(lengths)),
        (f"by cluster: {shown}, {plane_said(plane)}", by_cluster(plane, clusters)),
        ("by label: the same rows", by_label(plane, clusters, lengths)),
    ):
        print_line(f"\n{title}")
        print_text(drawing.draw(size, DARK))
        print_line("")
