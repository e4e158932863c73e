"""Where a backbone lies, and its shape as its own config says. Light: no model is built."""

import json
from contextlib import suppress
from functools import lru_cache
from hashlib import blake2b, file_digest
from pathlib import Path
from typing import Final

from msgspec import Struct

from engine.errors import UsageError, reason_of, shown
from engine.files import expanded
from engine.profiles import Backbone, published_profile
from engine.profiles.grouping import MOST_ENCODER_CHOICES
from engine.tasks.cache import Stamp, files_stamp
from engine.tasks.sources.sample import sample_model_path

SAMPLE: Final = "sample"
"""The data that need no hub, and the model that comes with them."""
USUAL_MODEL: Final = "bert-base-uncased"
_LAYERS = ("num_hidden_layers", "n_layer", "n_layers", "num_layers")
_WEIGHTS = ("model.safetensors", "pytorch_model.bin")
_OF_A_MODEL = (".safetensors", ".bin", ".json")
_SHOWN_OF_HASH = 8
_POINTER = b"version https://git-lfs"
_UNHEARD_OF = 10**6
"""Neither as many layers nor as wide a one are to be believed."""
_HIDDEN = ("hidden_size", "n_embd", "dim", "d_model")


class Shape(Struct, frozen=True, kw_only=True):
    """How deep and wide a backbone is, as far as its config says."""

    n_layers: int
    """To group; a backbone that shares one layer's weights among all its layers (ALBERT) has 1."""
    hidden_size: int | None
    """None: its config does not say."""


def usual_model(data: str) -> str:
    """Return the backbone that learns from such data where nobody names one."""
    return SAMPLE if data == SAMPLE else USUAL_MODEL


def model_name(model: str) -> str:
    """Return ``model`` as runs remember it: ``sample``, a hub name, or an absolute path.

    Raises:
        UsageError: it names a folder that is missing or holds no model.
    """
    if model == SAMPLE:
        return model
    folder = expanded(model)
    if folder.is_dir():
        if not (folder / "config.json").is_file():
            raise UsageError(f"folder '{shown(model)}' holds no model: config.json is missing")
        return str(folder.resolve())
    if folder.exists() or folder.is_absolute() or model.startswith((".", "~")):
        raise UsageError(
            f"no model folder '{shown(model)}'; give a folder with config.json, or a hub name"
        )
    return model


def model_path(model: str) -> str:
    """Return what to load: an absolute path, or a hub name unchanged.

    Raises:
        UsageError: as ``model_name``, or the sample pack is not installed.
    """
    return str(sample_model_path()) if model == SAMPLE else model_name(model)


def require_weights(model: str) -> None:
    """See that the weights of a local model are all there. What lies on the hub is fetched later.

    Raises:
        UsageError: they are missing, not whole, or only a pointer to them.
    """
    folder = Path(model_path(model))
    if folder.is_dir():
        where = f"model folder {shown(folder)}"
        for part in _weights_in(folder, where):
            _require_whole(part, where)


def _weights_in(folder: Path, where: str) -> list[Path]:
    """Return the files that hold the weights, there or not, as transformers looks for them."""
    for name in _WEIGHTS:
        whole, index = folder / name, folder / f"{name}.index.json"
        if whole.exists():
            return [whole]
        if index.exists():
            try:
                parts = set(json.loads(index.read_bytes())["weight_map"].values())
                return [folder / part for part in sorted(parts)]
            except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
                raise UsageError(
                    f"{where}: {index.name} cannot be read; fetch the model again"
                ) from None
    raise UsageError(f"{where} holds no weights: {_WEIGHTS[0]} is missing; fetch the model again")


def weights_size(model: str) -> int:
    """Return how many bytes a model's weights take on this machine; 0: they are not here."""
    try:
        folder = Path(model_path(model))
        if not folder.is_dir():
            config = _config_path(model)
            folder = folder if config is None else config.parent
        return sum(part.stat().st_size for part in _weights_in(folder, ""))
    except (UsageError, OSError):
        return 0


def _require_whole(weights: Path, where: str) -> None:
    name = shown(weights.name)
    try:
        with weights.open("rb") as file:
            if file.read(len(_POINTER)) == _POINTER:
                raise UsageError(f"{where}: {name} is a Git LFS pointer; run git lfs pull there")
    except OSError as error:
        raise UsageError(
            f"{where}: {name} cannot be read: {reason_of(error)}; fetch the model again"
        ) from None
    if weights.suffix == ".safetensors":
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(weights, "np"):  # reads what is where, and whether all of it is there
                pass
        except SafetensorError as error:
            raise UsageError(
                f"{where}: {name} is damaged or not whole ({shown(error)}); fetch the model again"
            ) from None


def model_stamp(model: str) -> Stamp:
    """Return the stamp of a model's files.

    Raises:
        UsageError: there is no such model.
    """
    folder = Path(model_path(model))
    return files_stamp(sorted(folder.iterdir())) if folder.is_dir() else ()


def model_title(model: str) -> str:
    """Return what a model (as runs remember it) is called in a file that is shared.

    Nothing is said of where it lies here: a local one goes by the name of its folder and the
    beginning of the hash of its files, such as ``mine@3f2a9c1b``, so that it is the same wherever
    it lies; by the name alone where it is gone.
    """
    folder = Path(model)
    if not folder.is_absolute():
        return model
    with suppress(OSError):
        return f"{folder.name}@{folder_fingerprint(folder)[:_SHOWN_OF_HASH]}"
    return folder.name


def folder_fingerprint(folder: Path) -> str:
    """Return a hash of the files of a local model: of what they are called and what they hold.

    Raises:
        OSError: it cannot be read.
    """
    files = (file for file in sorted(folder.iterdir()) if file.suffix in _OF_A_MODEL)
    return _fingerprint(files_stamp(files))


@lru_cache(maxsize=8)
def _fingerprint(stamp: Stamp) -> str:
    digest = blake2b(digest_size=16)
    for path, _, _ in stamp:
        with Path(path).open("rb") as content:
            found = file_digest(content, blake2b).hexdigest()
        digest.update(f"{Path(path).name} {found}\n".encode())
    return digest.hexdigest()


def stated_shape(model: str) -> Shape | None:
    """Return the shape of a backbone whose config lies on this machine, else None.

    A hub name is looked up in the hub's local cache; nothing is downloaded.
    """
    path = _config_path(model)
    if path is None:
        return None
    try:
        config = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    layers = _first(config, _LAYERS)
    if layers is None:
        return None
    if config.get("model_type") == "albert":
        layers = _first(config, ("num_hidden_groups",)) or 1
    return Shape(n_layers=layers, hidden_size=_first(config, _HIDDEN))


def backbone_of(model: str, choices: int) -> Backbone:
    """Return the backbone of trials that have so many choices.

    Up to eight encoder choices hold a layer each; beyond, the model's config must say how many
    layers there are.

    Raises:
        UsageError: there is no config of it on this machine.
    """
    shape = stated_shape(model)
    hidden = shape.hidden_size if shape else None
    encoder_choices = choices - 2
    if 0 < encoder_choices < MOST_ENCODER_CHOICES:
        return Backbone(model, encoder_choices, hidden)
    if shape is not None:
        return Backbone(model, shape.n_layers, hidden)
    published = published_profile().backbone
    if model == published.name:
        return published
    raise UsageError(
        f"nothing on this machine says how many layers '{shown(model)}' has; "
        "do this where a search on it was run"
    )


def model_file(model: str, name: str) -> Path | None:
    """Return where a file of a model lies on this machine, None where it does not."""
    try:
        where = model_path(model)
    except UsageError:
        return None
    if Path(where).is_dir():
        path = Path(where) / name
        return path if path.is_file() else None
    from huggingface_hub import try_to_load_from_cache

    cached = try_to_load_from_cache(where, name)
    return Path(cached) if isinstance(cached, str) else None


def _config_path(model: str) -> Path | None:
    return model_file(model, "config.json")


def _first(config: object, names: tuple[str, ...]) -> int | None:
    numbers = (config.get(name) for name in names) if isinstance(config, dict) else ()
    return next((number for number in numbers if _is_count(number)), None)


def _is_count(number: object) -> bool:
    return type(number) is int and 0 < number < _UNHEARD_OF
