"""``ewc-mlm``: elastic weight consolidation of what pretraining taught, the paper's BERT+EWC."""

from typing import ClassVar, cast

from torch import Tensor

from engine.learning.events import Between, go_on
from engine.learning.fisher import FisherKind, FisherSum, masked_fisher, packed, unpacked
from engine.learning.masked import require_mask
from engine.learning.methods.anchor import Anchor, Anchored, copied_weights
from engine.learning.methods.base import Tensors
from engine.learning.model import SequenceModel
from engine.learning.plan import Setup
from engine.learning.vocabulary import among_kept_tokens
from engine.tasks.encoded import load_tokenizer
from engine.tasks.models import model_path
from engine.tasks.plain_text import read_texts


class EwcMlm(Anchored):
    """½ · ``importance`` · Σ F · (weight − pretrained)² in every stage, F of masked tokens.

    Kirkpatrick et al. 2017, equation 3, with pretraining as the earlier task (Kenneweg et al. 2022,
    section 4).
    """

    name: ClassVar[str] = "ewc-mlm"

    def require(self, model: str) -> None:
        read_texts(str(self.options["text"]), 1)
        require_mask(load_tokenizer(model_path(model)), model)

    _begun: FisherSum | None = None

    def start(self, setup: Setup, model: SequenceModel) -> None:
        self._pretrained = copied_weights(model)

    def get_ready(self, setup: Setup, model: SequenceModel, between: Between = go_on) -> None:
        self._begun = self._begun or FisherSum()
        fisher = masked_fisher(
            setup.model,
            str(self.options["text"]),
            int(self.number("texts")),
            setup.device,
            kind=cast("FisherKind", self.options["fisher"]),
            begun=self._begun,
            between=between,
        )
        self._begun = None
        importance, of_kept = self.number("importance"), among_kept_tokens(model.backbone, fisher)
        self._anchor = Anchor(
            self._pretrained, {name: importance * of_kept[name] for name in self._pretrained}
        )

    def state(self) -> dict[str, Tensor]:
        return packed(self._begun)

    def load(self, state: Tensors) -> None:
        self._begun = unpacked(state)
