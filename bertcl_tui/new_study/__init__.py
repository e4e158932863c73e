"""New study: a search as it is set up."""
