"""Shifts: a task's parts by length and by cluster."""
