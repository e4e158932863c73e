"""The profile that the paper's authors published, and those of its four searches."""

from collections.abc import Mapping

from engine.profiles.grouping import make_grouping
from engine.profiles.profile import Backbone, Combination, Profile, StudyShare

_BACKBONE = Backbone("bert-base-uncased", layers=12, hidden=768)
_SOURCE = (
    "Kenneweg, Schulz, Schröder and Hammer, Intelligent Learning Rate Distribution to reduce "
    "Catastrophic Forgetting in Transformers (2022)."
)
_SEARCHED: Mapping[str, tuple[float, ...]] = {
    "sst2:mrpc": (
        *(9.01e-6, 3.94e-6, 2.46e-6, 1.23e-6, 1.54e-6),
        *(2.20e-6, 2.79e-6, 3.53e-6, 3.87e-6, 2.60e-6),
    ),
    "mrpc:sst2": (
        *(5.41e-6, 1.81e-6, 7.6e-7, 6.57e-6, 1.10e-5),
        *(4.14e-6, 9.58e-6, 5.2e-6, 1.85e-5, 9.3e-6),
    ),
    "qqp:mrpc": (
        *(4.61e-6, 1.64e-5, 1.26e-6, 2.6e-7, 9.5e-7),
        *(7.9e-7, 8.6e-7, 2.46e-6, 1.28e-6, 1.12e-4),
    ),
    "mrpc:qqp": (
        *(5.3e-7, 3.1e-6, 3.1e-7, 6.67e-6, 4.1e-6),
        *(2.93e-6, 5.01e-6, 4.13e-6, 1.12e-6, 5.79e-6),
    ),
}
"""Equation 1 with b = 1.8 on each of the authors' four logs."""


def published_profile() -> Profile:
    """Return "BERTcL combined" (Kenneweg et al. 2022), as ``assets/profiles`` has it.

    The rates come from the authors' published code and were learnt with its own grouping.
    """
    return Profile(
        name="bertcl-combined",
        backbone=_BACKBONE,
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
            studies=tuple(StudyShare(study=name, sequence=name) for name in _SEARCHED),
        ),
        searched_on=tuple(_SEARCHED),
        source=f"Published with {_SOURCE}",
        software={"autogluon": "0.3.1", "torch": "1.4", "transformers": "4.0.1"},
    )


def searched_profile(sequence: str) -> Profile | None:
    """Return what one of the authors' searches comes to; None where they searched nothing.

    Args:
        sequence: such as ``sst2:mrpc``.
    """
    rates = _SEARCHED.get(sequence)
    if rates is None:
        return None
    return Profile(
        name=f"bertcl-{sequence.replace(':', '-')}",
        backbone=_BACKBONE,
        grouping=make_grouping("original-code", 12),
        learning_rates=rates,
        combination=Combination(base=1.8, studies=(StudyShare(study=sequence, sequence=sequence),)),
        searched_on=(sequence,),
        source=f"The trials logged with {_SOURCE}",
    )
