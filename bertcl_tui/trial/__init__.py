"""Trial: one run in full."""
