import pytest
import torch
from torch import Tensor

from engine.learning.learner import SequenceLearner
from engine.learning.methods.a_gem import project
from engine.learning.methods.memory import drawn, kept_rows
from engine.learning.prepare import prepare
from engine.profiles.parameters import find_places
from tests.engine.learning.asking import Ask
from tests.engine.learning.methods.gradients import of_step, plain

RATES = (1e-3, 2e-3, 3e-3, 4e-3)


def test_what_goes_against_memory_is_taken_away() -> None:
    own, memory = torch.tensor([1.0, 0.0]), torch.tensor([-1.0, 1.0])
    project([(own, memory)])
    assert own.tolist() == [0.5, 0.5], "(1, 0) + 1/2 (-1, 1): at right angles to memory's"


def test_what_goes_with_memory_stays() -> None:
    own = torch.tensor([1.0, 0.0])
    project([(own, torch.tensor([1.0, 1.0])), (None, torch.tensor([-9.0])), (own[:1], None)])
    assert own.tolist() == [1.0, 0.0]


def test_several_weights_are_projected_as_one() -> None:
    one, other = torch.tensor([1.0]), torch.tensor([2.0])
    project([(one, torch.tensor([1.0])), (other, torch.tensor([-1.0]))])
    assert (one.item(), other.item()) == (1.5, 1.5), "along -1, length 2"


def _learner(ask: Ask, projection: str) -> SequenceLearner:
    options = {"share": 0.5, "projection": projection}
    learner = prepare(ask(rates=RATES, method="a-gem", options=options, dropout=False))
    learner.model.eval()
    with torch.no_grad():  # So that what the first task wants is not what the second does.
        learner.model.heads[0].weight.copy_(-20 * learner.model.heads[1].weight[:2])
    return learner


def _by_hand(own: dict[str, Tensor], memory: dict[str, Tensor], names: list[str]) -> int:
    """Project these weights together; return whether there was something to take away."""
    mine, theirs = (torch.cat([each[name].flatten() for name in names]) for each in (own, memory))
    along = mine @ theirs
    if along >= 0:
        return 0
    for name in names:
        own[name] = own[name] - along / (theirs @ theirs) * memory[name]
    return 1


def test_what_is_kept_of_a_task_is_not_what_is_learnt_first(ask: Ask) -> None:
    setup = prepare(ask()).setup
    for task in range(len(setup.tasks)):
        first = next(setup.batches(task, 0))
        rows = len(first) * (task + 1)
        kept = kept_rows(setup.tasks, task + 1, setup.seed, share=0, rows=rows)[task].rows
        assert len(kept) == len(first)
        assert set(kept) != set(first)


@pytest.mark.parametrize("projection", ["whole", "group"])
def test_a_step_does_not_raise_the_loss_of_memory(projection: str, ask: Ask) -> None:
    learner = _learner(ask, projection)
    memory = kept_rows(learner.setup.tasks, 1, 0, share=0.5, rows=0)
    (batch,) = drawn(memory, 16, (0, 1, 1))
    own, of_memory = plain(learner, 1), plain(learner, 0, batch.rows)
    depths = find_places(dict(learner.model.named_parameters()), ("heads",)).depths
    shared = [name for name in own if name.startswith("backbone.")]
    groups = [shared]
    if projection == "group":
        groups = [[name for name in shared if depths[name] == depth] for depth in range(3)]
    conflicts = [_by_hand(own, of_memory, names) for names in groups if names]
    assert sum(conflicts)
    found = of_step(learner, 1)
    assert found.keys() == own.keys(), "the first task's head rests"
    torch.testing.assert_close(found, own, rtol=1e-3, atol=1e-6)


def test_memory_is_drawn_from_all_earlier_tasks_anew_for_each_step(ask: Ask) -> None:
    tasks = prepare(ask(("mood", "topic", "agree"))).setup.tasks
    memory = kept_rows(tasks, 2, 0, share=0.5, rows=0)
    one, other = (drawn(memory, 16, (0, 2, step)) for step in (1, 2))
    assert [part.task for part in one] == [0, 1]
    assert sum(len(part.rows) for part in one) == 16
    assert sum(part.weight for part in one) == pytest.approx(1.0)
    assert [part.rows.tolist() for part in one] != [part.rows.tolist() for part in other]


def test_so_many_rows_are_kept_in_all(ask: Ask) -> None:
    tasks = prepare(ask(("mood", "topic", "agree"))).setup.tasks
    sizes = [len(share.rows) for share in kept_rows(tasks, 3, 0, share=0.5, rows=10)]
    assert sizes == [4, 3, 3]
    first, later = (kept_rows(tasks, earlier, 0, share=0.5, rows=10)[0] for earlier in (1, 3))
    assert len(first.rows) == 10
    assert set(later.rows) <= set(first.rows), "what is kept later was kept before"


@pytest.mark.parametrize("method", ["a-gem", "replay"])
def test_how_large_the_buffer_is_stands_in_the_log(
    method: str, ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        prepare(ask(("mood", "topic", "agree"), method=method, options={"rows": 9}))
    assert "the buffer's rows in the last stage: 5 of 48 of mood, 4 of 48 of topic" in caplog.text
