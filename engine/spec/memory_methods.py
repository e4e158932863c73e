"""Methods that hold on to earlier tasks by their rows, or by what was said of rows."""

from engine.spec.method_entry import LR, MethodEntry, MethodOption

_SHARE = MethodOption(
    name="share",
    help="Share of each earlier task's training rows that is kept; 0 is flat.",
    default=0.02,
    high=1.0,
)
_ROWS = MethodOption(
    name="rows",
    help="How many rows are kept in all, as many of each earlier task; 0: as share says.",
    default=0,
    whole=True,
    known_before=0,
)

MEMORY_METHODS = (
    MethodEntry(
        name="replay",
        other_name="er",
        title="replay",
        takes="1×+",
        summary="experience replay (ER): rows of earlier tasks in a buffer are learnt again in "
        "every later stage (Chaudhry et al. 2019)",
        equation="L over the stage's rows and the buffer's, each once an epoch",
        cost="time: the buffer's share of the stage's rows; memory: none, the rows are at hand",
        options=(LR, _SHARE, _ROWS),
    ),
    MethodEntry(
        name="derpp",
        other_name="der++",
        title="DER++",
        takes="≤3×",
        summary="rows in a buffer are learnt again, with the logits they once had (Buzzega et al. "
        "2020)",
        equation="L(B) + alpha · ‖z − h(x)‖² + beta · L(C): batch B, x and C drawn from the buffer",
        cost="time: up to two more batches a step, thrice that of flat; memory: its logits",
        options=(
            LR,
            MethodOption(
                name="rows",
                help="How many rows the buffer has, of all stages so far.",
                default=200,
                low=1,
                whole=True,
            ),
            MethodOption(name="alpha", help="What the distance to the logits counts.", default=0.1),
            MethodOption(name="beta", help="What the buffer's labels count.", default=0.5),
        ),
    ),
    MethodEntry(
        name="a-gem",
        title="A-GEM",
        takes="≤2×",
        summary="gradients that would raise the loss of earlier tasks' rows are projected "
        "(Chaudhry et al. 2019)",
        equation="g ← g − (gᵀr / rᵀr) · r where gᵀr < 0, r the gradient of a batch from memory",
        cost="time: up to one more batch a later step; memory: gradients once more",
        options=(
            LR,
            _SHARE,
            _ROWS,
            MethodOption(
                name="projection",
                help="whole: the backbone's gradient as one; group: that of each rate by itself.",
                default="whole",
                words=("whole", "group"),
            ),
        ),
    ),
    MethodEntry(
        name="lwf",
        title="LwF",
        takes="1×+",
        summary="earlier tasks' heads go on saying what they said of the new task's rows (Li & "
        "Hoiem 2017)",
        equation="L + strength · Σ over earlier tasks of −Σ softmax(z before / T) · "
        "log softmax(z / T), T = temperature",
        cost="time: a pass over each later stage's rows; memory: logits of these rows",
        options=(
            LR,
            MethodOption(
                name="strength",
                help="What the earlier tasks' loss counts, λ in the paper; 0 is flat.",
                default=1.0,
            ),
            MethodOption(
                name="temperature",
                help="Above 1, small probabilities count more.",
                default=2.0,
                low=0.01,
                high=1000.0,
            ),
        ),
    ),
)
