"""PEFT: a script with adapters, each of which learns with the layer that it is in.

Soft prompts learn as the embeddings do, before which they stand; a head that is saved whole learns
as heads do. The rates are those of a profile: one that was searched for whole weights is lower
than adapters like.
"""

from typing import Final

from engine.trainers.tools.tool import Request, Tool

_SCRIPT: Final = """
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForSequenceClassification

    {imports}
    from engine.trainers import decayed_groups

    model = AutoModelForSequenceClassification.from_pretrained({model})
    # or IA3Config, PromptTuningConfig, LoraConfig(use_dora=True, ...)
    adapted = get_peft_model(model, LoraConfig(task_type="SEQ_CLS"))
    profile = {profile}
    optimizer = torch.optim.AdamW(decayed_groups(adapted, profile, weight_decay=0.01{heads}))
"""


def write(request: Request) -> str:
    """Write a script."""
    return request.script(_SCRIPT)


PEFT: Final = Tool(
    name="peft",
    suffix=".py",
    what="a script with adapters of PEFT",
    write=write,
)
