"""The ways to learn a sequence, by name, with their options."""

from engine.spec.memory_methods import MEMORY_METHODS
from engine.spec.method_entry import LR, MethodEntry, MethodOption
from engine.spec.weight_methods import WEIGHT_METHODS

_FISHER = "Labels that gradients are of: "
_COUPLING = MethodOption(
    name="penalty",
    help="Where it acts: coupled, in the loss, so that Adam scales it; or decoupled, beside "
    "Adam's step at the rate of the moment, which wants an importance of 1e6 or more.",
    default="coupled",
    words=("coupled", "decoupled"),
    known_before="coupled",
)
_ADAPTERS = (
    MethodOption(name="rank", help="Rank of the adapters.", default=8, low=1, whole=True),
    MethodOption(name="alpha", help="Scale of the adapters.", default=16.0),
)

METHODS = (
    MethodEntry(
        name="flat",
        title="flat",
        summary="one learning rate for all layers (the paper's BERTbase)",
        options=(LR,),
        takes_profile=False,
    ),
    MethodEntry(
        name="profile",
        title="BERTcL",
        summary="one learning rate per choice (the paper's BERTcL)",
    ),
    MethodEntry(
        name="llrd",
        title="LLRD",
        summary="layer-wise decay: every layer below the top learns slower than the one above it",
        options=(
            LR,
            MethodOption(
                name="decay", help="Factor from a layer to the one below.", default=0.9, high=1.0
            ),
        ),
        takes_profile=False,
    ),
    MethodEntry(
        name="freeze-k",
        title="freeze",
        takes="<1×",
        summary="embeddings and the lowest layers stay as they were pretrained",
        options=(
            LR,
            MethodOption(
                name="layers", help="How many encoder layers are frozen.", default=3, whole=True
            ),
        ),
    ),
    MethodEntry(
        name="ewc-mlm",
        title="EWC (MLM)",
        takes="1×+",
        summary="elastic weight consolidation around the pretrained weights, Fisher from masked "
        "language modelling on plain text (the paper's BERT+EWC)",
        equation="loss + ½ · importance · Σ F · (θ − θ pretrained)²",
        cost="time: the Fisher once, then kept on disk, each step little; memory: the backbone "
        "twice more",
        options=(
            LR,
            MethodOption(
                name="importance", help="Weight of the penalty (675 in the paper).", default=675.0
            ),
            MethodOption(
                name="text",
                help="Where the plain text is from: sample, wiki40b, or a text file.",
                default="sample",
            ),
            MethodOption(
                name="texts", help="How many texts make the Fisher.", default=512, low=1, whole=True
            ),
            MethodOption(
                name="fisher",
                help=f"{_FISHER}sampled, one drawn from the model for every hidden token; or "
                "empirical, the tokens that stood there.",
                default="sampled",
                words=("sampled", "empirical"),
                known_before="sampled",
            ),
            _COUPLING,
        ),
    ),
    MethodEntry(
        name="ewc-task",
        title="EWC (task)",
        takes="1×+",
        summary="elastic weight consolidation around the weights after each stage, Fisher from "
        "that stage's task",
        equation="loss + ½ · importance · Σ F · (θ − θ after the stage)²",
        cost="time: a backward pass for each of rows · (classes − 1) between stages, each step "
        "little; memory: the backbone twice more, three times while the Fisher is found",
        options=(
            LR,
            MethodOption(name="importance", help="Weight of the penalty.", default=1000.0),
            MethodOption(
                name="rows",
                help="How many training rows make the Fisher of a task.",
                default=256,
                low=1,
                whole=True,
            ),
            MethodOption(
                name="gamma",
                help="Online variant: earlier Fishers count so much at each later stage, around "
                "the newest weights alone; 0 keeps a penalty of its own for every task.",
                default=0.0,
                high=1.0,
            ),
            MethodOption(
                name="fisher",
                help=f"{_FISHER}exact, all, weighted by their probability; sampled, one drawn from "
                "the model for every row; or empirical, the rows' own.",
                default="exact",
                words=("exact", "sampled", "empirical"),
                known_before="sampled",
            ),
            _COUPLING,
        ),
    ),
    MethodEntry(
        name="l2-sp",
        title="L2-SP",
        summary="weights are pulled back to the pretrained ones (Li et al. 2018)",
        options=(
            LR,
            MethodOption(name="strength", help="Weight of the penalty.", default=0.01),
        ),
    ),
    *MEMORY_METHODS,
    MethodEntry(
        name="lora",
        title="LoRA",
        takes="<1×",
        summary="low-rank adapters learn, the pretrained weights stay (PEFT)",
        options=(LR, *_ADAPTERS),
    ),
    MethodEntry(
        name="o-lora",
        title="O-LoRA",
        takes="<1×",
        summary="each stage has low-rank adapters of its own, at right angles to those before "
        "(Wang et al. 2023)",
        equation="loss + orthogonality · Σ |A of an earlier stage · Aᵀ|; θ + alpha / rank · B · A "
        "becomes θ after each stage",
        cost="as lora: time: a little less; memory: far less",
        options=(
            LR,
            *_ADAPTERS,
            MethodOption(
                name="orthogonality",
                help="Weight of the penalty; 0 is LoRA with new adapters in each stage.",
                default=0.5,
            ),
        ),
    ),
    MethodEntry(
        name="freeze-later",
        title="freeze later",
        takes="<1×",
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
        takes="<1×",
        summary="the encoder warms up on the first task, then heads alone learn (Zheng et al. "
        "2024)",
        equation="θ of the backbone: rate 0 after warmup epochs of stage 1",
        cost="time: less than half of it once the backbone rests; memory: less",
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
    *WEIGHT_METHODS,
    MethodEntry(
        name="joint",
        title="joint",
        summary="all tasks at once: what a sequence could reach if nothing were forgotten",
        options=(LR,),
        one_stage=True,
        is_bound=True,
    ),
    MethodEntry(
        name="single",
        title="single",
        summary="each task alone, from the pretrained weights: no shift (the paper's Table 1)",
        options=(LR,),
        is_bound=True,
    ),
)
