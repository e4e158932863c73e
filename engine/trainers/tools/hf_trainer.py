"""HF Trainer: a script with ``ProfileTrainer``, which also logs the rate of every group."""

from typing import Final

from engine.trainers.tools.tool import Request, Tool

_SCRIPT: Final = """
    from transformers import AutoModelForSequenceClassification, TrainingArguments

    {imports}
    from engine.trainers.hf_trainer import ProfileTrainer

    model = AutoModelForSequenceClassification.from_pretrained({model})
    trainer = ProfileTrainer(
        model=model,
        args=TrainingArguments(output_dir="output", weight_decay=0.01, logging_steps=10),
        profile={profile}{heads},
        train_dataset=None,  # yours, and whatever else a Trainer takes
    )
    trainer.create_optimizer()  # or trainer.train()
"""


def write(request: Request) -> str:
    """Write a script; its scheduler, warm-up and weight decay are those of the arguments."""
    return request.script(_SCRIPT)


HF_TRAINER: Final = Tool(
    name="hf-trainer",
    suffix=".py",
    what="a script with a Trainer of transformers",
    write=write,
)
