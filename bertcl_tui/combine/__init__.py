"""Combine: from marked trials to a profile."""
