"""Lightning: a module whose ``configure_optimizers`` has a profile's groups.

``LearningRateMonitor`` logs every group's rate by its name, such as ``lr-AdamW/layer 1``.
"""

from typing import Final

from engine.trainers.tools.tool import Request, Tool

_SCRIPT: Final = """
    import lightning
    import torch
    from lightning.pytorch.callbacks import LearningRateMonitor
    from transformers import AutoModelForSequenceClassification

    {imports}
    from engine.trainers import decayed_groups


    class Classifier(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.model = AutoModelForSequenceClassification.from_pretrained({model})
            self.profile = {profile}

        def training_step(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
            return self.model(**batch).loss

        def configure_optimizers(self) -> torch.optim.Optimizer:
            groups = decayed_groups(self.model, self.profile, weight_decay=0.01{heads})
            return torch.optim.AdamW(groups)


    module = Classifier()
    trainer = lightning.Trainer(callbacks=[LearningRateMonitor("step")], max_epochs=1)
    # trainer.fit(module, your_dataloader)
"""


def write(request: Request) -> str:
    """Write a script."""
    return request.script(_SCRIPT)


LIGHTNING: Final = Tool(
    name="lightning",
    suffix=".py",
    what="a script with a LightningModule",
    write=write,
)
