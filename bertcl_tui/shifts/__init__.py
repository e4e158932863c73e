"""Asking for a task's shifts, and saying what was found."""
