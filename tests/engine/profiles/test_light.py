import subprocess
import sys

import pytest


@pytest.mark.process
def test_profiles_load_nothing_heavy() -> None:
    heavy = {"torch", "transformers", "datasets", "optuna", "sqlalchemy", "numpy", "scipy"}
    code = "import sys, engine.profiles; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert heavy.isdisjoint(loaded)
    assert "engine.profiles.profile" in loaded
