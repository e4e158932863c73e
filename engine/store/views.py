"""What a person may ask the store for in SQL: views, with what each of their columns means.

They are temporary and of one connection, so that asking writes nothing. Optuna has tables named
``studies`` and ``trials`` in the same store; a temporary view is found before a table of its name.
"""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct
from sqlalchemy import Connection


class View(Struct, frozen=True):
    """A table as people ask for it."""

    name: str
    meaning: str
    columns: Mapping[str, str]
    """What each one is, with its unit, by name and in their order."""
    query: str
    """What it stands for; words in braces are said otherwise by each database."""


_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "sqlite": {
        "preset": "json_extract(s.spec, '$.protocol.preset')",
        "grouping": "json_extract(s.spec, '$.protocol.grouping')",
        "searched": "json_extract(s.spec, '$.method')",
        "seed": "json_extract(s.spec, '$.seed')",
        "task": "json_extract(r.spec, '$.sequence[' || m.task || ']')",
        "each_cell": "JOIN json_each(m.cells) c",
        "label": "json_extract(m.labels, '$[' || json_extract(c.value, '$[0]') || ']')",
        "predicted": "json_extract(m.labels, '$[' || json_extract(c.value, '$[1]') || ']')",
        "rows": "json_extract(c.value, '$[2]')",
    },
    "postgresql": {
        "preset": "s.spec::json #>> '{protocol,preset}'",
        "grouping": "s.spec::json #>> '{protocol,grouping}'",
        "searched": "s.spec::json ->> 'method'",
        "seed": "(s.spec::json ->> 'seed')::bigint",
        "task": "r.spec::json -> 'sequence' ->> m.task",
        "each_cell": "CROSS JOIN LATERAL json_array_elements(m.cells::json) AS c (value)",
        "label": "m.labels::json ->> (c.value ->> 0)::int",
        "predicted": "m.labels::json ->> (c.value ->> 1)::int",
        "rows": "(c.value ->> 2)::bigint",
    },
}
"""What is inside of a JSON column, by the kind of database."""

_IDENTITY: Final = {
    "run_id": "id of the run in this store",
    "study": "name of its study; NULL: no study asked for it",
    "number": "number of the trial in its study, from 0; NULL: it is none",
}
_RUN: Final = {
    **_IDENTITY,
    "label": "what people call it, such as `flat 1e-5`; NULL: the sampler's own",
    "sequence": "tasks in the order in which they are learnt, with colons",
    "method": "how it learns, such as `profile`",
    "seed": "of everything drawn at random",
    "state": "`queued`, `running`, `paused`, `complete`, `pruned`, `collapsed`, `failed` or "
    "`stopped`",
    "reason": "why it is in that state, where there is something to say",
    "p": "p_o + p_s, 0 to 2, on the rows that score trials, with its own seed",
    "p_o": "accuracy (or macro-F1, as its protocol scores) on the earlier tasks after the last "
    "stage, mean over them, 0 to 1",
    "p_s": "the same on the last task after the last stage, 0 to 1",
    "p_o_before": "the same on the earlier tasks, each after its own stage, mean over them; NULL: "
    "not measured",
    "forgetting": "mean fall from each earlier task's best before the last stage; of a pair "
    "p_o_before − p_o; below 0 where it was won",
    "reported_p": "p on the validation split",
    "reported_p_o": "p_o on the validation split",
    "reported_p_s": "p_s on the validation split",
    "marked": "1: a person chose it, to be compared and combined",
    "note": "what a person says of it",
    "learning_rates": "one per choice, from the embeddings to the heads, as a JSON list",
    "step": "optimizer steps taken, over all stages",
    "steps": "optimizer steps it has in all",
    "busy_seconds": "seconds that workers were at it",
    "created_at": "when it was queued, in seconds since 1970 (UTC)",
    "started_at": "when a worker began it, in seconds since 1970 (UTC)",
    "finished_at": "when it ended, in seconds since 1970 (UTC)",
}
_AS_STORED: Final = ", ".join(f"r.{name}" for name in list(_RUN)[len(_IDENTITY) :])
_SHOWN: Final = (
    "(SELECT * FROM cl_run WHERE study_id IS NULL OR study_id NOT IN "
    "(SELECT id FROM cl_study WHERE deleted_at IS NOT NULL))"
)
"""Runs but those of studies that were deleted just now."""
_RUNS: Final = (
    f"SELECT r.id AS run_id, s.name AS study, r.number, {_AS_STORED} "
    f"FROM {_SHOWN} r LEFT JOIN cl_study s ON s.id = r.study_id"
)
_OF_RUN: Final = f"JOIN {_SHOWN} r ON r.id = m.run_id LEFT JOIN cl_study s ON s.id = r.study_id"


def _count(condition: str) -> str:
    return f"(SELECT count(*) FROM cl_run r WHERE r.study_id = s.id AND {condition})"


_TRIAL: Final = "r.number IS NOT NULL"
_ENDINGS: Final = ("complete", "pruned", "collapsed", "failed", "stopped")

VIEWS: Final = (
    View(
        "studies",
        "a row per study",
        {
            "id": "of the study in this store",
            "name": "as it is called",
            "sequence": "tasks in the order in which they are learnt, with colons",
            "data": "where the tasks come from: `hub`, `sample`, a folder or a file",
            "model": "the backbone",
            "method": "whose rates are searched: `profile`, `flat` or `llrd`",
            "preset": "of its protocol",
            "grouping": "of the layers: `paper` or `original-code`",
            "seed": "from which all of its seeds are derived",
            "origin": "`search`, or `import` with the file's name",
            "target": "most trials it may have",
            "trials": "trials begun",
            **{ending: f"trials that are {ending}" for ending in _ENDINGS},
            "races": "runs that repeat one of its trials with another seed",
            "highest_p": "highest p of a complete trial with its own seed, 0 to 2",
            "desired": "what it shall do: `running`, `paused` or `stopped`",
            "reason": "why, where there is something to say",
            "created_at": "when it began, in seconds since 1970 (UTC)",
        },
        "SELECT s.id, s.name, s.sequence, s.data, s.model, {searched} AS method, "
        "{preset} AS preset, {grouping} AS grouping, {seed} AS seed, s.origin, "
        f"s.trials AS target, {_count(_TRIAL)} AS trials, "
        + ", ".join(f"{_count(f'{_TRIAL} AND r.state = {each!r}')} AS {each}" for each in _ENDINGS)
        + f", {_count('r.number IS NULL')} AS races, "
        "(SELECT max(r.p) FROM cl_run r WHERE r.study_id = s.id AND r.number IS NOT NULL "
        "AND r.state = 'complete') AS highest_p, "
        "s.desired, s.reason, s.created_at FROM cl_study s WHERE s.deleted_at IS NULL",
    ),
    View("trials", "a row per trial of a study", _RUN, f"{_RUNS} WHERE {_TRIAL}"),
    View(
        "runs",
        "a row per run: trials, races, and what arena, `confirm` and `run` asked for",
        _RUN,
        _RUNS,
    ),
    View(
        "curves",
        "a row per measurement of a run: how well it knows a task after a step",
        {
            **_IDENTITY,
            "step": "optimizer steps taken, over all stages",
            "stage": "which stage it was in, from 0",
            "place": "of the measured task in the sequence, from 0",
            "task": "name of the measured task",
            "split": "`retention` (some rows, while it learns), `search` (those that score "
            "trials) or `validation`",
            "accuracy": "share of the rows that are right, 0 to 1",
            "macro_f1": "mean F1 of the classes, 0 to 1; NULL: not measured",
            "score": "the one of both that p is made of",
            "loss": "mean cross-entropy in nats",
        },
        "SELECT m.run_id, s.name AS study, r.number, m.step, m.stage, m.task AS place, "
        f"{{task}} AS task, m.split, m.accuracy, m.macro_f1, "
        f"coalesce(m.score, m.accuracy) AS score, m.loss FROM cl_measurement m {_OF_RUN}",
    ),
    View(
        "drift",
        "a row per layer and stage of a run: how far its weights moved",
        {
            **_IDENTITY,
            "stage": "at whose end it was measured, from 0",
            "place": "0: embeddings; 1 to n: layers; n + 1: heads",
            "layer": "name of the layer",
            "drift": "norm of the change since the run began over the norm it began with",
        },
        "SELECT m.run_id, s.name AS study, r.number, m.stage, m.place, m.layer, m.drift "
        f"FROM cl_drift m {_OF_RUN}",
    ),
    View(
        "probes",
        "a row per linear probe of a run: what the encoder still tells, whatever its head does",
        {
            **_IDENTITY,
            "stage": "at whose end it was fitted, from 0",
            "place": "of the task in the sequence, from 0",
            "task": "name of the task",
            "rows": "training rows that it was fitted on",
            "score": "accuracy (or macro-F1, as its protocol scores) on the rows that score trials",
        },
        "SELECT m.run_id, s.name AS study, r.number, m.stage, m.task AS place, {task} AS task, "
        f"m.rows, m.score FROM cl_probe m {_OF_RUN}",
    ),
    View(
        "traces",
        "a row per step of a run that was looked at: its loss, and how far it moved each layer",
        {
            **_IDENTITY,
            "step": "optimizer steps taken, over all stages",
            "loss": "mean of the steps since the trace before; NULL: no number",
            "ratios": "JSON list from embeddings to heads: log10 of the update's norm over the "
            "weight's; null: does not learn",
        },
        "SELECT m.run_id, s.name AS study, r.number, m.step, m.loss, m.ratios FROM cl_trace m "
        f"{_OF_RUN}",
    ),
    View(
        "confusions",
        "a row per right and predicted class of a task after a stage: how many rows are taken so",
        {
            **_IDENTITY,
            "stage": "at whose end it was counted, from 0",
            "place": "of the task in the sequence, from 0",
            "task": "name of the task",
            "label": "the right class",
            "predicted": "the class that they are predicted to be",
            "rows": "how many, of those that score trials; where there are none there is no row",
        },
        "SELECT m.run_id, s.name AS study, r.number, m.stage, m.task AS place, {task} AS task, "
        "{label} AS label, {predicted} AS predicted, {rows} AS rows "
        f"FROM cl_confusion m {{each_cell}} {_OF_RUN}",
    ),
)


def make_views(connection: Connection) -> None:
    """Make the views for this connection alone."""
    words = _WORDS[connection.dialect.name]
    for view in VIEWS:
        query = view.query
        for word, said in words.items():
            query = query.replace(f"{{{word}}}", said)
        connection.exec_driver_sql(f"CREATE TEMPORARY VIEW {view.name} AS {query}")
