"""What is learnt, how, and what is remembered of it. Knows no screen."""

__version__ = "0.1.0"
