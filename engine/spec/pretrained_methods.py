"""Methods that hold on to the pretrained weights while others are learnt."""

from engine.spec.method_entry import LR, MethodEntry, MethodOption

PRETRAINED_METHODS = (
    MethodEntry(
        name="recadam",
        title="RecAdam",
        summary="weights are pulled to the pretrained ones, and let go while the loss comes in "
        "(Chen et al. 2020)",
        equation="θ ← θ − λ · Adam − min(1, rate · (1 − λ) · strength) · (θ − anchor), "
        "λ = 1 / (1 + exp(−k · (t − middle · T))) at step t of T",
        cost="time: a pass over the weights each step; memory: the backbone once more",
        options=(
            LR,
            MethodOption(name="strength", help="Weight of the pull.", default=5000.0),
            MethodOption(
                name="k", help="How steeply the pull is let go, for each step.", default=0.5
            ),
            MethodOption(
                name="middle",
                help="After which share of a stage's steps half of it is let go.",
                default=0.1,
                high=1.0,
            ),
            MethodOption(
                name="anchor",
                help="Where it pulls to: the pretrained weights, or those that each stage begins "
                "with.",
                default="pretrained",
                words=("pretrained", "stage"),
            ),
        ),
    ),
    MethodEntry(
        name="mixout",
        title="mixout",
        summary="in each step, some inputs of every linear layer meet its pretrained weights (Lee "
        "et al. 2020)",
        equation="θ pretrained + M · (θ − θ pretrained) / (1 − p) acts as θ, M: 0 with "
        "probability p, else 1",
        cost="time: two passes over the weights each step; memory: the backbone twice more",
        options=(
            LR,
            MethodOption(
                name="p",
                help="Probability of the pretrained weights; 0 is flat.",
                default=0.9,
                high=0.99,
            ),
        ),
    ),
)
