"""Whether everything is there, and what to do about what is not."""

from bertcl_tui.doctor.finding import Finding, Verdict

__all__ = ["Finding", "Verdict"]
