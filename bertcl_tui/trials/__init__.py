"""Trials outside of a screen: what is told of each, and how that is written."""
