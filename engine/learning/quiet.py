"""Libraries that talk on their own are told not to: a worker's log is for people."""

import warnings

from transformers.utils import logging


def quiet_libraries() -> None:
    """Silence progress bars and advice of transformers."""
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    warnings.filterwarnings("ignore", module="transformers")
