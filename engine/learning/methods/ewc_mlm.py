"""``ewc-mlm``: elastic weight consolidation of what pretraining taught, the paper's BERT+EWC."""

from typing import ClassVar

from torch import Tensor

from engine.learning.fisher import masked_fisher
from engine.learning.lean import among_kept_tokens
from engine.learning.masked import require_mask
from engine.learning.methods.anchor import Anchor, copied_weights
from engine.learning.methods.base import Method
from engine.learning.model import SequenceModel
from engine.learning.plan import Setup
from engine.tasks.models import model_path
from engine.tasks.plain_text import read_texts
from engine.tasks.tokenizer import load_tokenizer


class EwcMlm(Method):
    """½ · ``importance`` · Σ F · (weight − pretrained)² in every stage, F of masked tokens."""

    name: ClassVar[str] = "ewc-mlm"
    begins_like_others: ClassVar[bool] = False

    def require(self, model: str) -> None:
        read_texts(str(self.options["text"]), 1)
        require_mask(load_tokenizer(model_path(model)), model)

    def start(self, setup: Setup, model: SequenceModel) -> None:
        fisher = masked_fisher(
            setup.model, str(self.options["text"]), int(self.number("texts")), setup.device
        )
        of_kept = among_kept_tokens(model.backbone, fisher)
        importance, anchors = self.number("importance"), copied_weights(model)
        self._anchor = Anchor(anchors, {name: importance * of_kept[name] for name in anchors})

    def penalty(self, model: SequenceModel) -> Tensor:
        return self._anchor.penalty(model)
