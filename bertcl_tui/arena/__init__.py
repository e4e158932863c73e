"""Arena: the table of methods and sequences, and what is asked of it."""
