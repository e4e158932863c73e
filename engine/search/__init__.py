"""How better profiles are found: space, warm starts, samplers, pruners, trials, sentinel."""
