"""Talking with the model hub: only for what is not cached here, and never for long in vain.

Its failures become one line. Shared by whatever loads a tokenizer, a backbone or a data set.
Imports ``huggingface_hub``, which ``transformers`` and ``datasets`` would import anyway, only when
it is used.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar

from engine.errors import UnreachableError, UsageError, first_line, shown
from engine.installing import command_to_install

_PATIENCE = 5.0
_BUSY = 429
_BROKEN = 500

Value = TypeVar("Value")


class NotCachedError(UsageError):
    """What is needed is not on this machine, and asking the hub for it is forbidden."""


def read_model(model: str, load: Callable[[], Value]) -> Value:
    """Return what ``load`` makes of (a part of) a model; ``model`` is what ``model_path`` returned.

    What the local cache has is used as it is: the hub is asked only where something is missing.

    Raises:
        UnreachableError: the hub does not answer, and nothing else is wrong.
        UsageError: instead of whatever else was raised by ``load``.
    """
    if Path(model).is_dir():
        with _in_one_line(f"model folder {shown(model)}", "use --model sample or another folder"):
            return load()
    with _in_one_line(f"model '{shown(model)}'", "use --model sample or a local folder"):
        return _from_cache_or_hub(load)


def read_data_set(repository: str, load: Callable[[], Value]) -> Value:
    """Return what ``load`` makes of a data set of the hub, from the local cache where it is there.

    Raises:
        UnreachableError: the hub does not answer, and nothing else is wrong.
        UsageError: instead of whatever else was raised by ``load``.
    """
    remedy = "use --data sample or a local folder (--data FOLDER)"
    with _in_one_line(f"data set '{shown(repository)}'", remedy):
        return _from_cache_or_hub(load)


def holds_data_set(repository: str) -> bool:
    """Tell whether anything of a data set is in the hub's local cache."""
    from huggingface_hub import constants, file_download

    folder = file_download.repo_folder_name(repo_id=repository, repo_type="dataset")
    return (Path(constants.HF_HUB_CACHE) / folder).is_dir()


@contextmanager
def _in_one_line(what: str, remedy: str) -> Iterator[None]:
    try:
        yield
    except (UsageError, MemoryError):
        raise
    except Exception as error:
        kind, reason = _meaning(error, what)
        raise kind(f"{reason}; {remedy}") from error


def _from_cache_or_hub(load: Callable[[], Value]) -> Value:
    """Load from the local cache; where that lacks something, from the hub, if it answers."""
    from huggingface_hub import constants

    try:
        with cache_only():
            return load()
    except MemoryError:
        raise
    except Exception:  # whatever a library says of a file that is not in its cache
        if constants.HF_HUB_OFFLINE or not hub_answers():
            raise
    return load()


@contextmanager
def cache_only() -> Iterator[None]:
    """Have the libraries look in their cache alone; what it lacks raises, as out of reach.

    Else they ask six times for every file, 23 s each, where the hub does not answer. Their switch
    is an environment variable that they read when first imported; this is what it sets.
    """
    from huggingface_hub import constants

    offline = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = offline


def hub_answers() -> bool:
    """Tell within a few seconds whether the hub can be reached."""
    from huggingface_hub import constants, get_session

    try:
        get_session().head(constants.ENDPOINT, timeout=_PATIENCE)
    except Exception:  # whichever HTTP library is under it
        return False
    return True


def _meaning(error: BaseException, what: str) -> tuple[type[UsageError], str]:
    """Return what kind of error one is, and its reason: an outage passes, the others do not."""
    from huggingface_hub import constants, errors

    hub, causes = constants.ENDPOINT, list(_causes(error))
    named = (errors.GatedRepoError, errors.RepositoryNotFoundError)
    if not any(isinstance(cause, named) for cause in causes):
        if constants.HF_HUB_OFFLINE and any(map(_is_missing, causes)):
            reason = f"HF_HUB_OFFLINE forbids to ask {hub} for {what}"
            return NotCachedError, f"{reason}, and the local cache has no copy"
        if any(map(_is_missing, causes)) or any(map(_is_outage, causes)):
            reason = f"cannot reach {hub} for {what}"
            return UnreachableError, f"{reason}, and the local cache has no copy"
    return UsageError, _reason(error, what)


def _is_missing(cause: BaseException) -> bool:
    """Whether the local cache was all that could be asked, and it lacks what is needed."""
    from huggingface_hub import errors

    return isinstance(cause, errors.LocalEntryNotFoundError | errors.OfflineModeIsEnabled)


def _is_outage(cause: BaseException) -> bool:
    """Whether the network, or the hub, fails or has too much to do."""
    from huggingface_hub import errors

    status = getattr(getattr(cause, "response", None), "status_code", None)
    if status is not None:  # it answers
        return bool(status == _BUSY or status >= _BROKEN)
    # Whichever HTTP library is under it, what that raises is next of kin.
    of_library = tuple(kind for kind in errors.HfHubHTTPError.__bases__ if kind is not OSError)
    return isinstance(cause, (ConnectionError, TimeoutError, *of_library))


def _reason(error: BaseException, what: str) -> str:
    from huggingface_hub import constants, errors

    causes = list(_causes(error))

    def caused_by(*kinds: type[BaseException]) -> bool:
        return any(isinstance(cause, kinds) for cause in causes)

    hub = constants.ENDPOINT
    if caused_by(errors.GatedRepoError):
        return f"{what} is gated: accept its terms at {hub} and log in with `hf auth login`"
    if caused_by(errors.RepositoryNotFoundError):
        return f"there is no {what} at {hub}, or it is private: check the name"
    if any("trust_remote_code" in str(cause) for cause in causes):
        return f"{what} needs code of its own, which is never run here"
    if any("tiktoken" in str(cause) for cause in causes) and find_spec("sentencepiece") is None:
        # transformers names what it tries last
        way = command_to_install("sentencepiece", "protobuf")
        return f"the tokenizer of {what} needs two more libraries: {way}"
    named = next((cause for cause in causes if str(cause).strip()), error)
    return f"{what} cannot be read: {first_line(named).rstrip('.')}"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
