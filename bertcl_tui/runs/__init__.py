"""One run, a trial or one of the arena, for screen and command line."""
