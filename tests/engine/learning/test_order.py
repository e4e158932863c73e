from engine.learning.plan import StagePlan, batches, plan_stage
from engine.spec import Protocol

PLAN: StagePlan = plan_stage(
    "mood", rows=23, epochs=3, protocol=Protocol(batch_size=5), first_step=0
)


def _rows(
    *, stage: int = 0, seed: int = 1, shuffle: bool = True, after: int = 0
) -> list[list[int]]:
    return [
        rows.tolist()
        for rows in batches(PLAN, stage=stage, seed=seed, shuffle=shuffle, after=after)
    ]


def _epoch(steps: list[list[int]], epoch: int) -> list[int]:
    per_epoch = PLAN.steps_per_epoch
    return [row for rows in steps[epoch * per_epoch : (epoch + 1) * per_epoch] for row in rows]


def test_each_row_once_an_epoch() -> None:
    steps = _rows()
    assert [len(rows) for rows in steps] == [5, 5, 5, 5, 3] * 3
    for epoch in range(3):
        assert sorted(_epoch(steps, epoch)) == list(range(23))


def test_the_same_seed_gives_the_same_order() -> None:
    assert _rows() == _rows()


def test_every_seed_stage_and_epoch_has_an_order_of_its_own() -> None:
    orders = [
        _epoch(_rows(seed=seed, stage=stage), epoch)
        for seed in (1, 2)
        for stage in (0, 1)
        for epoch in (0, 1, 2)
    ]
    assert len({tuple(order) for order in orders}) == len(orders)


def test_goes_on_after_any_step() -> None:
    steps = _rows()
    for after in range(len(steps) + 1):
        assert _rows(after=after) == steps[after:]


def test_unshuffled_rows_come_as_in_the_file() -> None:
    steps = _rows(shuffle=False)
    for epoch in range(3):
        assert _epoch(steps, epoch) == list(range(23))
    assert _rows(shuffle=False, after=7) == steps[7:]
