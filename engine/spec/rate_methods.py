"""Methods that say which layers learn, or how fast."""

from engine.spec.method_entry import LR, MethodEntry, MethodOption

RATE_METHODS = (
    MethodEntry(
        name="freeze-later",
        title="freeze later",
        summary="embeddings and the lowest layers stay as the first task left them",
        equation="θ of the lowest layers: rate 0 from stage 2 on",
        cost="time: less, from stage 2 on; memory: none",
        options=(
            LR,
            MethodOption(
                name="layers",
                help="How many encoder layers are frozen, beside the embeddings.",
                default=3,
                whole=True,
            ),
        ),
    ),
    MethodEntry(
        name="seq-star",
        title="SEQ*",
        summary="the encoder warms up on the first task, then heads alone learn (Zheng et al. "
        "2024)",
        equation="θ of the backbone: rate 0 after warmup epochs of stage 1",
        cost="time: a third of it once the backbone rests; memory: less",
        options=(
            LR,
            MethodOption(
                name="warmup",
                help="For how many epochs of stage 1 the backbone learns too.",
                default=3,
                whole=True,
            ),
            MethodOption(
                name="head",
                help="Peak learning rate of the heads, where no profile says it.",
                default=1e-3,
                low=1e-12,
                high=1.0,
            ),
        ),
    ),
    MethodEntry(
        name="slca",
        title="SLCA",
        summary="the backbone learns slowly, its heads a hundred times as fast (Zhang et al. 2023)",
        equation="rate of the heads = ratio · lr, of all else lr",
        cost="time and memory: none",
        options=(
            MethodOption(name="lr", help="Peak learning rate of the backbone.", high=1.0),
            MethodOption(
                name="ratio", help="How much faster heads learn.", default=100.0, low=1e-6
            ),
        ),
        takes_profile=False,
    ),
    MethodEntry(
        name="auto-rgn",
        title="Auto-RGN",
        summary="rates in proportion to relative gradient norms, found anew in every epoch (Lee et "
        "al. 2023)",
        equation="rate of a choice · RGN / the largest RGN, RGN = ‖g‖ / ‖θ‖ of the choice",
        cost="time: two passes over the weights in some steps; memory: none",
        options=(
            MethodOption(
                name="lr",
                help="Peak learning rate of the choice with the largest, as heads often are; a "
                "profile stands in for it.",
                high=1.0,
            ),
            MethodOption(
                name="batches",
                help="Over how many of an epoch's first batches norms are averaged.",
                default=5,
                low=1,
                whole=True,
            ),
        ),
    ),
)
