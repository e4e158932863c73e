"""What Kenneweg et al. 2022 did, as far as a run can do otherwise; section 4, unless it says."""

from typing import Final

from engine.spec.methods import OptionValue

PAPER_MODEL: Final = "bert-base-uncased"
PAPER_DATA: Final = "hub"
PAPER_SEED: Final = 999
PAPER_EPOCHS: Final = {"sst2": 5, "rte": 5, "mrpc": 5, "mnli": 3, "qnli": 3, "qqp": 3}
"""By task; there are no others in the paper."""
PAPER_OPTIONS: Final[dict[str, dict[str, OptionValue]]] = {
    "flat": {"lr": 2e-5},
    "profile": {},
    "ewc-mlm": {"importance": 675.0, "text": "wiki40b", "texts": 25_000},
}
"""By method; there are no others in the paper."""

_SILENT: Final = "The paper does not say; its authors' code"
PAPER_NOTES: Final = {
    "sequence": "The paper learns pairs of GLUE tasks, and halves of such tasks.",
    "data": "The paper's tasks are those of GLUE, with all their rows.",
    "model": "The paper has no other backbone.",
    "method": "The paper compares BERTbase (flat), BERT+EWC (ewc-mlm) and BERTcL (profile).",
    "lr": "The authors' log has the paper's numbers of BERTbase at 1e-5, not 2e-5.",
    "importance": "The authors' code has 1000.",
    "seed": "The paper has one seed; two such runs of mrpc:sst2 in its log differ by .056 in p_o.",
    "grouping": "The paper's text and its authors' code group the layers as mirror images; the "
    "published profile was learnt with the code's.",
    "epochs": "5 for SST-2, RTE and MRPC, 3 for MNLI, QNLI and QQP.",
    "batch_size": "The configurations that come with the authors' code have 4 or 8.",
    "train_rows": "The paper learns from all rows.",
    "eval_rows": "The paper measures on all rows, in its code on the first 10,000 of QQP.",
    "selection": "The paper chooses and reports on the same rows, so its best is flattered.",
    "dropout": f"{_SILENT} never turns it on.",
    "shuffle": f"{_SILENT} learns the rows as they come.",
    "optimizer_state": f"{_SILENT} keeps Adam's moments from task to task.",
    "idle_heads": f"{_SILENT} lets them drift by Adam's moments.",
    "loss": f"{_SILENT} applies cross-entropy to a softmax.",
    "length_split": "The authors' code counts sentences of pairs, and takes a sorting index for a "
    "rank: its split is a random one.",
    "precision": f"{_SILENT} multiplies in fp32.",
}
"""Why it matters, or what else is known, by the name of the difference."""
