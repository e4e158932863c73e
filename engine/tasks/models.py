"""Where a backbone lies."""

from pathlib import Path

from engine.errors import UsageError
from engine.tasks.sources.sample_pack import sample_model_path


def model_name(model: str) -> str:
    """Return ``model`` as runs remember it: ``sample``, a hub name, or an absolute path.

    Raises:
        UsageError: it names a folder that is missing or holds no model.
    """
    if model == "sample":
        return model
    folder = Path(model).expanduser()
    if folder.is_dir():
        if not (folder / "config.json").is_file():
            raise UsageError(f"folder '{model}' holds no model: config.json is missing")
        return str(folder.resolve())
    if folder.exists() or folder.is_absolute() or model.startswith((".", "~")):
        raise UsageError(
            f"no model folder '{model}'; give a folder with config.json, or a hub name"
        )
    return model


def model_path(model: str) -> str:
    """Return what to load: an absolute path, or a hub name unchanged.

    Raises:
        UsageError: as ``model_name``, or the sample pack is not installed.
    """
    return str(sample_model_path()) if model == "sample" else model_name(model)
