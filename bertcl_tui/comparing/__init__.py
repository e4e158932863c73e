"""Trials of one study side by side."""
