"""What a form starts with: something that works at once, where there is such a thing."""

from engine.errors import UsageError
from engine.tasks.entry import SampleOrigin
from engine.tasks.sources.sample_pack import SAMPLES, installed_file, sample_model_path

_SAMPLE_SEARCH = {
    "sequence": "rotten-tomatoes:privacy-qa",
    "data": "sample",
    # About a minute a trial on two cores, and still real forgetting.
    "train_rows": "800",
    "eval_rows": "1000",
}


def first_texts() -> dict[str, str]:
    """Return a search on the sample pack where that is installed, else nothing."""
    try:
        sample_model_path()
        for task in SAMPLES:
            if isinstance(task.origin, SampleOrigin):
                installed_file(task.origin.distribution, task.origin.file)
    except UsageError:
        return {}
    return dict(_SAMPLE_SEARCH)
