"""Forgetting curves: accuracy, or macro-F1, on earlier tasks while later ones are learnt."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Final, Literal, Protocol, runtime_checkable

from msgspec import Struct
from msgspec.structs import replace
from rich.text import Text

from bertcl_tui.charts.glyphs import Polyline
from bertcl_tui.charts.groups import Groups, as_one
from bertcl_tui.charts.series import Boundary, Curves, Picture, Series, View
from bertcl_tui.charts.style import Palette, Size, message
from bertcl_tui.store.trial_rows import Curve, RunCurves, score_name

if TYPE_CHECKING:
    from engine.spec.protocol import Score

NO_TRIAL: Final = "No trial yet.\nA worker begins one\nas soon as it is free."


@runtime_checkable
class OfCurves(Protocol):
    """A drawing of curves, which can be read and zoomed."""

    def draw(self, size: Size, palette: Palette) -> Text:
        """Draw all of them."""
        ...

    def curves(self) -> Curves:
        """Return what is drawn."""
        ...


@runtime_checkable
class OverSteps(Protocol):
    """Another drawing over the steps of a run, which can be read at one of them."""

    def draw(self, size: Size, palette: Palette) -> Text:
        """Draw it."""
        ...

    def picture_at(self, size: Size, palette: Palette, x: float | None) -> Picture:
        """Draw it with the values at a step; None: with those that are always said."""
        ...

    def steps(self) -> tuple[float, ...]:
        """Return the steps at which something was measured."""
        ...


class Viewed(Struct, frozen=True):
    """What is drawn over steps, and how it is looked at."""

    drawing: OfCurves | OverSteps
    view: View

    def draw(self, size: Size, palette: Palette) -> Text:
        if isinstance(self.drawing, OfCurves):
            return picture(self.drawing.curves(), size, palette, self.view).text
        return self.drawing.picture_at(size, palette, self.view.x).text


class Line(Struct, frozen=True):
    """A trial's curve and what it is called."""

    name: str
    run: RunCurves
    emphasis: Literal["bright", "normal", "dim"]
    slot: int | None = None
    others: tuple[RunCurves, ...] = ()
    """Runs of its group, where curves are grouped."""


class Forgetting(Struct, frozen=True):
    """Curves of several trials of one sequence, from the end of the first stage on."""

    lines: tuple[Line, ...]
    baseline: Line | None = None
    score: "Score" = "accuracy"
    """What the curves are of; runs in one chart are all scored alike."""
    empty: str = ""
    """Said where there are no curves; empty: that nothing was measured yet."""
    rows: int | None = None
    """Most rows of a task that curves are on of which no more is known; None: nor is that."""
    notes: tuple[str, ...] = ()
    """What is said beside the curves, in fewer and fewer words."""
    groups: Groups = Groups()
    """What is drawn as one."""

    def draw(self, size: Size, palette: Palette) -> Text:
        return picture(self.curves(), size, palette).text

    def curves(self) -> Curves:
        """Return what is drawn."""
        stages = next((line.run.stages for line in self.lines if line.run.stages), ())
        later = stages[1:]
        score = score_name(self.score)
        start = later[0].first_step if later else 0
        last = later[-1].last_step - start if later else 1
        one = len(later) == 1
        names = [
            stage.task if one else f"stage {number} {stage.task}"
            for number, stage in enumerate(later, start=2)
        ]
        return Curves(
            series=tuple(self._series(line) for line in self.lines),
            x_label="step of stage 2" if one else "step after stage 1",
            y_label=f"{score} on {earlier_tasks([stage.task for stage in stages])}"
            if later
            else "",
            x_range=(0, last),
            origin=start,
            boundaries=tuple(
                Boundary(stage.first_step - start, name)
                for stage, name in zip(later, names, strict=True)
            ),
            baseline=None if self.baseline is None else self._series(self.baseline),
            empty=self.empty or f"No {score} measured after stage 1 yet.",
            notes=self.notes,
        )

    def _series(self, line: Line) -> Series:
        if self.groups.by:
            runs = (line.run, *line.others)
            lines, ends = ([of(run) for run in runs] for of in (known_of_earlier, ends_of_earlier))
            drawn = as_one(line.name, runs, lines, ends, self.groups)
            return replace(drawn, emphasis=line.emphasis, slot=line.slot)
        steps, accuracies = known_of_earlier(line.run)
        return Series(
            name=line.name,
            xs=steps,
            ys=accuracies,
            emphasis=line.emphasis,
            slot=line.slot,
            rows=shares_of(line.run, self.rows),
            ends=_ends(line.name, ends_of_earlier(line.run), (steps, accuracies)),
        )


class Learning(Struct, frozen=True):
    """One trial as it goes on: accuracy on every task of its sequence, stage after stage."""

    run: RunCurves
    rows: int | None = None
    """Most rows of a task that its protocol follows, if no more is known."""
    notes: tuple[str, ...] = ()
    """What is said beside the curves, in fewer and fewer words."""
    others: tuple[RunCurves, ...] = ()
    """Its rates with other seeds, where these are drawn as one."""
    groups: Groups = Groups()

    def draw(self, size: Size, palette: Palette) -> Text:
        return picture(self.curves(), size, palette).text

    def curves(self) -> Curves:
        """Return what is drawn."""
        stages = self.run.stages
        return Curves(
            series=tuple(
                self._series(curve, stages[curve.task].task)
                for curve in self.run.curves
                if curve.task < len(stages)
            ),
            x_label="step",
            y_label=score_name(self.run.score),
            x_range=(0, stages[-1].last_step) if stages else None,
            boundaries=tuple(
                Boundary(stage.first_step, f"stage {number} {stage.task}")
                for number, stage in enumerate(stages, start=1)
            ),
            empty="Nothing measured yet.",
            notes=self.notes,
        )

    def _series(self, curve: Curve, task: str) -> Series:
        emphasis: Literal["bright", "normal"] = "bright" if curve.task == 0 else "normal"
        if self.groups.by:
            runs = (self.run, *self.others)
            lines = [_of_task(run, curve.task) for run in runs]
            ends = [_ends_of_task(run, curve.task) for run in runs]
            drawn = as_one(task, runs, lines, ends, self.groups)
            ends_drawn = None if drawn.ends is None else replace(drawn.ends, count="")
            return replace(drawn, count="", emphasis=emphasis, slot=curve.task, ends=ends_drawn)
        return Series(
            name=task,
            xs=curve.steps,
            ys=curve.accuracies,
            emphasis=emphasis,
            slot=curve.task,
            rows=shares_of(self.run, self.rows),
            ends=_ends(task, _ends_of_task(self.run, curve.task), (curve.steps, curve.accuracies)),
        )


def _of_task(run: RunCurves, task: int) -> Polyline:
    found = next((curve for curve in run.curves if curve.task == task), None)
    return ((), ()) if found is None else (found.steps, found.accuracies)


def _ends_of_task(run: RunCurves, task: int) -> Polyline:
    found = (curve.ends for curve in run.curves if curve.task == task)
    return _polyline(next(found, ()))


def _polyline(points: Iterable[tuple[float, float]]) -> Polyline:
    known = tuple(points)
    return tuple(x for x, _ in known), tuple(y for _, y in known)


def _ends(name: str, points: Polyline, line: Polyline) -> Series | None:
    """Return those that are not on the line, as they are on other rows; None: there are none."""
    on_it = set(zip(*line, strict=True))
    xs, ys = _polyline(point for point in zip(*points, strict=True) if point not in on_it)
    return Series(name=name, xs=xs, ys=ys) if xs else None


class Nothing(Struct, frozen=True):
    """A sentence where there is nothing to draw."""

    sentence: str

    def draw(self, size: Size, palette: Palette) -> Text:
        return message(self.sentence, size, palette.muted)


def picture(curves: Curves, size: Size, palette: Palette, view: View | None = None) -> Picture:
    """Draw curves; the drawing library is loaded with the first ones."""
    from bertcl_tui.charts.curve import picture_curves

    return picture_curves(curves, size, palette, view or View())


def shares_of(run: RunCurves, most: int | None) -> int:
    """Return of how many rows the points of a run's curves are shares; 0: they are none.

    Args:
        run: with the curves.
        most: rows that its protocol allows, if no more is known.
    """
    return (run.followed or most or 0) if run.score == "accuracy" else 0


def measured_on(runs: Iterable[RunCurves], most: int) -> str:
    """Say on how many rows the points of curves are, and those at the ends of stages.

    Args:
        runs: whose curves are shown.
        most: rows that their protocol allows, for those of which no more is known.
    """
    rows = max((run.followed or most for run in runs), default=most)
    return f"curves on up to {rows:,} rows a task, points at the ends of stages on all rows"


def read_by(runs: Collection[RunCurves], most: int, *, grouped: bool = False) -> str:
    """Say in few words on how many rows the points of curves are, and what one row is worth.

    Args:
        runs: whose curves are shown.
        most: rows that their protocol allows, for those of which no more is known.
        grouped: whether bands tell of the spread of several, and of nothing else.

    Returns:
        what stands below the curves; empty: none is shown.
    """
    if not runs:
        return ""
    rows = max(run.followed or most for run in runs)
    shares = not grouped and any(shares_of(run, most) for run in runs)
    one = f" (one {1 / rows:.3f}, faint 95 %)" if shares else ""
    return f"on {rows} rows{one}, ends on all"


def earlier_tasks(tasks: Collection[str]) -> str:
    """Name the curves' y for a title: the first task of a pair, or all but the last."""
    *earlier, _ = tasks
    return earlier[0] if len(earlier) == 1 else f"{len(earlier)} earlier tasks"


class Known(Struct, frozen=True):
    """The latest accuracies, all on the retention rows; None where nothing was measured yet."""

    p_o: float | None
    p_s: float | None
    p_o_before: float | None = None
    """Of the tasks that p_o is of, each at the end of its own stage."""
    bwt: float | None = None
    """How far p_o is above that."""
    forgetting: float | None = None
    """How far it has fallen; None where a later stage may have been its best."""


def known_now(run: RunCurves) -> Known:
    """Return what a run that goes on would score by its latest measurements."""
    _, earlier = known_of_earlier(run)
    last = [curve for curve in run.curves if curve.task + 1 == len(run.stages)]
    before = [
        curve.accuracies[curve.steps.index(step)]
        for curve in run.curves
        if (step := _learnt_at(run, curve.task)) in curve.steps
    ]
    p_o = earlier[-1] if earlier else None
    p_o_before = sum(before) / len(before) if before else None
    bwt = None if p_o is None or p_o_before is None else p_o - p_o_before
    return Known(
        p_o=p_o,
        p_s=last[0].accuracies[-1] if last else None,
        p_o_before=p_o_before,
        bwt=bwt,
        forgetting=None if bwt is None or len(run.stages) > 2 else -bwt,  # noqa: PLR2004 - a pair
    )


def known_of_earlier(run: RunCurves) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Return steps after stage 1 and the mean accuracy on the tasks learnt before, as in p_o.

    It is on the rows that the curves are on, up to the end: values on others cannot be held to it.
    """
    points = {each.task: zip(each.steps, each.accuracies, strict=True) for each in run.curves}
    return _of_earlier(run, points)


def ends_of_earlier(run: RunCurves) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Return the same at the ends of stages on all rows, of which p_o is the last."""
    return _of_earlier(run, {each.task: each.ends for each in run.curves})


def _of_earlier(
    run: RunCurves, points: Mapping[int, Iterable[tuple[int, float]]]
) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Return steps after stage 1 and the mean of what each task learnt before has there."""
    if len(run.stages) < 2:  # noqa: PLR2004 - nothing is earlier in the first stage
        return (), ()
    start = run.stages[1].first_step
    by_step: dict[int, list[float]] = defaultdict(list)
    for task, measured in points.items():
        for step, accuracy in measured:
            if step >= start and step >= _learnt_at(run, task):
                by_step[step].append(accuracy)
    steps = sorted(by_step)
    return (
        tuple(step - start for step in steps),
        tuple(sum(by_step[step]) / len(by_step[step]) for step in steps),
    )


def _learnt_at(run: RunCurves, task: int) -> int:
    """Return the step at which a task was learnt; the last one of all never is an earlier one."""
    if task + 1 >= len(run.stages):
        return run.stages[-1].last_step + 1
    return run.stages[task].last_step
