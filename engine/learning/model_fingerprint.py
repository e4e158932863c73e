"""Which weights a model has, told without loading them."""

import hashlib
from pathlib import Path

from transformers import AutoConfig

from engine.tasks.hub import reading_model
from engine.tasks.models import model_path

_WEIGHTS = (".safetensors", ".bin", ".json")


def model_fingerprint(model: str) -> str:
    """Return a hash of a model's files, or for a model of the hub its name and commit.

    Raises:
        UsageError: the model does not exist, or the hub cannot be reached.
    """
    path = model_path(model)
    folder = Path(path)
    with reading_model(path):
        if not folder.is_dir():
            config = AutoConfig.from_pretrained(path)
            return f"{path}@{config._commit_hash}"  # noqa: SLF001 - nothing else says it
        digest = hashlib.blake2b(digest_size=16)
        for file in sorted(folder.iterdir()):
            if file.suffix in _WEIGHTS:
                with file.open("rb") as content:
                    found = hashlib.file_digest(content, hashlib.blake2b).hexdigest()
                digest.update(f"{file.name} {found}\n".encode())
        return digest.hexdigest()
