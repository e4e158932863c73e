"""Study: the trials of one search, and what came of them."""
