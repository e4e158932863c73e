"""Comparing methods, for the screen and the command line alike: asking, reading, writing. Light."""
