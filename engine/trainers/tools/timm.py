"""timm: a script that gives ``create_optimizer_v2`` its groups by ``param_group_fn``.

timm's own ``layer_decay`` is what they stand in for. Its schedulers keep each group's own rate.
"""

from typing import Final

from engine.trainers.tools.tool import Request, Tool

_SCRIPT: Final = """
    import timm
    from timm.optim import create_optimizer_v2

    {imports}
    from engine.trainers import decayed_groups

    model = timm.create_model({model})  # pretrained=True
    profile = {profile}
    optimizer = create_optimizer_v2(
        model,
        opt="adamw",
        lr={rate},
        weight_decay=0.05,
        param_group_fn=lambda learner: decayed_groups(learner, profile, 0.05{heads}),
    )
"""


def write(request: Request) -> str:
    """Write a script; the model is one that timm knows by that name."""
    return request.script(_SCRIPT)


TIMM: Final = Tool(
    name="timm",
    suffix=".py",
    what="a script with an optimizer of timm",
    write=write,
)
