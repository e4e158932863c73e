"""The profile that the paper's authors published."""

from engine.profiles.grouping import make_grouping
from engine.profiles.profile import Backbone, Combination, Profile, StudyShare

_SEQUENCES = ("sst2:mrpc", "mrpc:sst2", "qqp:mrpc", "mrpc:qqp")


def published_profile() -> Profile:
    """Return "BERTcL combined" (Kenneweg et al. 2022), as ``assets/profiles`` has it.

    The rates come from the authors' published code and were learnt with its own grouping.
    """
    return Profile(
        name="bertcl-combined",
        backbone=Backbone("bert-base-uncased", layers=12, hidden=768),
        grouping=make_grouping("original-code", 12),
        learning_rates=(
            3.29537129e-06,
            4.36300010e-06,
            9.21473516e-07,
            1.92275197e-06,
            2.84902669e-06,
            2.14311562e-06,
            3.26747809e-06,
            3.69894365e-06,
            3.18562234e-06,
            1.11884272e-05,
        ),
        combination=Combination(
            base=1.8,
            studies=tuple(StudyShare(study=name, sequence=name) for name in _SEQUENCES),
        ),
        searched_on=_SEQUENCES,
        source=(
            "Published with Kenneweg, Schulz, Schröder and Hammer, Intelligent Learning Rate "
            "Distribution to reduce Catastrophic Forgetting in Transformers (2022)."
        ),
        software={"autogluon": "0.3.1", "torch": "1.4", "transformers": "4.0.1"},
    )
