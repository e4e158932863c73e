"""Methods that average weights, look around them before a step, or hold on to pretrained ones."""

from engine.spec.method_entry import LR, MethodEntry, MethodOption

WEIGHT_METHODS = (
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
            MethodOption(
                name="dropout",
                help="kept: mixout stands beside it; replaced: the backbone has none, as in the "
                "paper.",
                default="kept",
                words=("kept", "replaced"),
                known_before="kept",
            ),
        ),
    ),
    MethodEntry(
        name="wise-ft",
        title="WiSE-FT",
        summary="weights before and after each later stage are averaged (Wortsman et al. 2022)",
        equation="θ ← (1 − alpha) · θ before + alpha · θ after, of the backbone",
        cost="time: none; memory: the backbone once more",
        options=(
            LR,
            MethodOption(
                name="alpha",
                help="Share of the weights after the stage; 1 is flat.",
                default=0.5,
                high=1.0,
            ),
        ),
    ),
    MethodEntry(
        name="sfa",
        title="SFA",
        summary="weights are averaged with those at the stage's start, again and again within each "
        "later stage (Kleiman et al. 2025)",
        equation="θ ← (1 − beta) · θ + beta · θ at the start, every p · T of T steps (p: every)",
        cost="time: none; memory: the backbone once more",
        options=(
            LR,
            MethodOption(
                name="beta",
                help="Share of the weights at the stage's start; 0 is flat.",
                default=0.5,
                high=1.0,
            ),
            MethodOption(
                name="every",
                help="After which share of a stage's steps they are averaged, and at its end.",
                default=0.25,
                low=0.001,
                high=1.0,
            ),
        ),
    ),
    MethodEntry(
        name="ema",
        title="EMA",
        summary="the moving average of the weights is measured and kept at each stage's end "
        "(Tarvainen & Valpola 2017)",
        equation="mean ← a · mean + (1 − a) · θ, a = min(decay, 1 − 1/(t + 1)) at step t",
        cost="time: a pass over the weights each step; memory: the weights twice more",
        options=(
            LR,
            MethodOption(
                name="decay",
                help="What the average so far counts at each step; 0 is flat.",
                default=0.99,
                high=1.0,
            ),
        ),
    ),
    MethodEntry(
        name="sam",
        title="SAM",
        takes="≤2×",
        summary="sharpness-aware minimisation, in stage 1 unless told otherwise (Foret et al. "
        "2021)",
        equation="step by ∇L(θ + rho · g / ‖g‖), g = ∇L(θ)",
        cost="time: twice that of stage 1; memory: weights and gradients once more",
        options=(
            LR,
            MethodOption(
                name="rho", help="How far it looks for a higher loss; 0 is flat.", default=0.05
            ),
            MethodOption(
                name="stages",
                help="first: in stage 1 alone; all: in every one.",
                default="first",
                words=("first", "all"),
            ),
        ),
    ),
)
