"""Several trials of a study learnt in one process: their steps are taken together, as one."""
