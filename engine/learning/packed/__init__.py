"""A backbone that works without padding.

On a CPU a step takes as long as its tokens take, and about half of a shuffled batch is padding, so
rows are laid end to end. A row attends to itself alone, and its positions are its own: the states
are those of padded rows. What dropout drops of a row is its own as well, whatever is beside it.
"""
