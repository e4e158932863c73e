"""What the Combine screen asks for, and runs of a profile on what its trials have not seen."""

from contextlib import closing
from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.structs import replace
from textual.suggester import SuggestFromList

from bertcl_tui.combine.mixture import PUBLISHED, known_profiles, load_reference
from bertcl_tui.kit.dialogs import FormScreen, Texts
from bertcl_tui.options import option, readers
from bertcl_tui.options.readers import Field
from bertcl_tui.style.wording import count
from bertcl_tui.widgets.suggesters import SequenceSuggester
from engine.arena.entrants import Entrant
from engine.arena.plan import arena_seeds
from engine.errors import UsageError, shown
from engine.files import check_target, expanded
from engine.profiles import Backbone, Combined, Profile, make_grouping
from engine.profiles.profile import is_rate
from engine.spec import Protocol, RunSpec, Source, StudySpec, sequence_name
from engine.tasks.catalog import data_name, describe_sequence, known_tasks, names_of
from engine.tasks.models import model_title, stated_shape
from engine.tasks.task import TaskEntry

PROFILE: Final = "profile"
FLAT: Final = "flat"


class Evaluation(Struct, frozen=True, kw_only=True):
    """Which runs are asked for."""

    sequence: tuple[str, ...]
    data: str
    model: str
    seeds: int
    baseline: float | None
    """The learning rate of a flat run beside each; None: no such runs."""


def read_baseline(text: str) -> float | None:
    """Read the learning rate of flat runs, or ``none``.

    Raises:
        UsageError: it is neither.
    """
    if text == "none":
        return None
    try:
        rate = float(text)
    except ValueError:
        raise UsageError(
            f"baseline '{shown(text)}' is no learning rate; write 2e-5, or none"
        ) from None
    if not is_rate(rate):
        raise UsageError(f"baseline is {text}; it must be above 0 and at most 1, like 2e-5")
    return rate


def request_evaluation(
    store: str, profile: Profile, protocol: Protocol, evaluation: Evaluation
) -> int:
    """Ask for runs of the profile and of its baseline, one per seed, as rows of the arena. Blocks.

    Returns:
        How many were not there yet.

    Raises:
        UsageError: something is not to be had; nothing was written.
        EngineError: the store cannot be written.
    """
    from engine.arena.plan import PlannedRun, find_record
    from engine.arena.rates import source_of_profile
    from engine.store.connection import open_store
    from engine.store.searches import searches
    from engine.work.requests import enter_runs

    with closing(open_store(store)) as opened:
        known = searches(opened, None, protocol)
        sources = {PROFILE: source_of_profile(profile, known), FLAT: Source()}
        runs = [
            PlannedRun(
                entrant=entrant,
                spec=spec,
                source=sources[spec.method],
                record=find_record(opened, spec),
            )
            for entrant, spec in _runs(profile, protocol, evaluation)
        ]
        return enter_runs(opened, runs)


def _runs(
    profile: Profile, protocol: Protocol, evaluation: Evaluation
) -> list[tuple[Entrant, RunSpec]]:
    """Return each run with the row that it stands in."""
    learnt = RunSpec(
        sequence=evaluation.sequence,
        data=evaluation.data,
        model=evaluation.model,
        method=PROFILE,
        learning_rates=profile.learning_rates,
        first_lr=profile.first_lr,
        protocol=replace(protocol, grouping=profile.grouping.preset),
    )
    rows = [(Entrant(method=PROFILE, rates=profile.name), learnt)]
    if (rate := evaluation.baseline) is not None:
        flat = replace(
            learnt, method=FLAT, learning_rates=None, first_lr=None, options={"lr": rate}
        )
        rows.append((Entrant(method=FLAT, rates=rate), flat))
    seeds = arena_seeds(evaluation.seeds)
    return [(entrant, replace(spec, seed=seed)) for entrant, spec in rows for seed in seeds]


_LAYERS: Final = readers.whole("layers", least=1, most=1000, example=12)
_SEEDS: Final = readers.whole("seeds", least=1, most=1000, example=3)
_ANY_MODEL: Final = "any"


def export_form(path: Path) -> FormScreen:
    """Ask where a profile goes."""

    def remark(texts: Texts) -> str:
        target = expanded(texts["path"]).absolute()
        check_target(target, makes_folder=True)
        return f"{'Replaces' if target.exists() else 'Writes'} {target}"

    field = readers.file_field("JSON that any training script can read.", path)
    return FormScreen("Export the profile", [field], go="Export", remark=remark)


def compare_form() -> FormScreen:
    """Ask which profile the marks show."""

    def remark(texts: Texts) -> str:
        reference = load_reference(texts["profile"])
        if reference is None:
            return f"No marks. Known: {', '.join(known_profiles())}"
        backbone = reference.profile.backbone
        return f"◆ {reference.profile.name}: {backbone.name}, {count(backbone.layers, 'layer')}"

    field = Field(
        "profile",
        "Profile",
        "published, nothing, or the file of a profile.",
        str,
        default=PUBLISHED,
        long=True,
    )
    suggesters = {"profile": SuggestFromList(known_profiles())}
    return FormScreen("Compare with", [field], go="Compare", remark=remark, suggesters=suggesters)


def transfer_form(combined: Combined) -> FormScreen:
    """Ask for a backbone of another depth."""

    def remark(texts: Texts) -> str:
        target = target_backbone(texts)
        labels = make_grouping(combined.grouping.preset, target.layers).labels()
        if target.layers == combined.backbone.layers:
            return f"That is its own depth: {combined.backbone.name}."
        return f"{count(len(labels), 'choice')}: {', '.join(labels)}"

    fields = [
        Field(
            "layers",
            "Layers",
            "Encoder layers of the other backbone.",
            _LAYERS,
            default=str(combined.backbone.layers),
        ),
        Field(
            "model",
            "Model",
            "Its hub name or folder, if it is a certain one.",
            readers.model,
            default=_ANY_MODEL,
            long=True,
            files=(),
        ),
    ]
    return FormScreen("Transfer to another depth", fields, go="Transfer", remark=remark)


def target_backbone(texts: Texts) -> Backbone:
    """Return the backbone that a transfer form describes.

    Raises:
        UsageError: the model's config says another depth.
    """
    layers = _LAYERS(texts["layers"])
    if texts["model"] == _ANY_MODEL:
        return Backbone(f"{_ANY_MODEL} backbone", layers)
    name = readers.model(texts["model"])
    shape = stated_shape(name)
    if shape is not None and shape.n_layers != layers:
        raise UsageError(f"'{shown(name)}' has {shape.n_layers} layers, not {layers}; write that")
    return Backbone(model_title(name), layers, shape.hidden_size if shape else None)


def evaluate_form(profile: Profile, like: StudySpec) -> FormScreen:
    """Ask for a sequence, and how often it is learnt.

    Args:
        profile: what is evaluated.
        like: a study it came from; data and model are its own unless the texts say otherwise.
    """
    suggester = SequenceSuggester()
    suggester.tasks = names_of(_known(like.data))

    def remark(texts: Texts) -> str:
        asked = read_evaluation(texts)
        shape = stated_shape(asked.model)
        if shape is not None and shape.n_layers != profile.grouping.n_layers:
            raise UsageError(
                f"the profile is for {profile.grouping.n_layers} layers and "
                f"'{shown(asked.model)}' has "
                f"{shape.n_layers}; name another model, or transfer the profile"
            )
        runs = asked.seeds * (1 if asked.baseline is None else 2)
        name = sequence_name(asked.sequence)
        seen = "" if name not in profile.searched_on else f" {name} is not unseen: it was searched."
        return f"Queues {count(runs, 'run')}.{seen}"

    return FormScreen(
        "Evaluate on an unseen sequence",
        _evaluation_fields(like),
        go="Evaluate",
        remark=remark,
        suggesters={"sequence": suggester},
    )


def read_evaluation(texts: Texts) -> Evaluation:
    """Return what an evaluation form asks for.

    Raises:
        UsageError: a text cannot be read, or a task is not in the data.
    """
    sequence = readers.sequence(texts["sequence"])
    data = data_name(texts["data"])
    return Evaluation(
        sequence=tuple(task.name for task in describe_sequence(sequence, data)),
        data=data,
        model=readers.model(texts["model"]),
        seeds=_SEEDS(texts["seeds"]),
        baseline=read_baseline(texts["baseline"]),
    )


def _evaluation_fields(like: StudySpec) -> list[Field]:
    return [
        Field(
            "sequence",
            "Sequence",
            "Tasks to learn one after another.",
            readers.sequence,
            long=True,
        ),
        replace(option("data"), default=like.data),
        replace(option("model"), help="A backbone of the profile's depth.", default=like.model),
        Field("seeds", "Seeds", "How often, from different seeds.", _SEEDS, "3"),
        Field("baseline", "Baseline", "Rate of flat runs beside, or none.", read_baseline, "2e-5"),
    ]


def _known(data: str) -> tuple[TaskEntry, ...]:
    try:
        return known_tasks(data)
    except UsageError:
        return ()
