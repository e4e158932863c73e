"""Running benches one after the other."""

import pytest
import typer

from bench import __main__ as running


@pytest.mark.process
def test_one_that_fails_is_told_of_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    # The process of its own knows no such bench.
    monkeypatch.setattr(running, "OTHERS", ("broken",))
    with pytest.raises(typer.Exit) as raised:
        running.main(["broken", "charts"], quick=True)
    assert raised.value.exit_code == 1
    said = capfd.readouterr()
    assert "charts: How long charts take, side by side." in said.out
    assert "| 14 rate bars, 90×15 " in said.out
    assert 'failed: broken; again with: make bench BENCH="broken"' in said.err
