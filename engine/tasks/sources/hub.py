"""Data sets on the hub, through ``datasets``."""

from typing import TYPE_CHECKING

from engine.errors import UsageError, shown
from engine.tasks.hub_access import read_data_set
from engine.tasks.rows import RawTask, Rows, require_columns, rows_from
from engine.tasks.sources.glue import HubOrigin

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict


def read_hub(origin: HubOrigin) -> RawTask:
    """Download a data set, or take it from the local cache.

    Raises:
        UsageError: it cannot be had, or lacks a split or column.
    """

    def load() -> "DatasetDict":
        import datasets

        datasets.logging.set_verbosity_error()  # it warns of what it takes from its cache
        return datasets.load_dataset(origin.repository, origin.config)

    splits = read_data_set(origin.repository, load)
    validation = origin.validation or ("validation" if "validation" in splits else None)
    return RawTask(
        train=_rows(splits, origin.train, origin),
        validation=_rows(splits, validation, origin) if validation else None,
    )


def _rows(splits: "DatasetDict", name: str, origin: HubOrigin) -> Rows:
    if name not in splits:
        raise UsageError(
            f"data set '{shown(origin.repository)}' has no split '{shown(name)}'; "
            f"it has {shown(', '.join(splits))}"
        )
    split: Dataset = splits[name]
    where = f"data set '{shown(origin.repository)}', split {name}"
    require_columns(origin.columns, split.column_names, where)
    table = {column: list(split[column]) for column in origin.columns.names()}
    return rows_from(table, origin.columns, where, names=_names(split, origin.columns.label))


def _names(split: "Dataset", label: str) -> tuple[str, ...]:
    from datasets import ClassLabel

    feature = split.features[label]
    return tuple(feature.names) if isinstance(feature, ClassLabel) else ()
