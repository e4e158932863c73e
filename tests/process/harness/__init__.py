"""Faults on purpose: workers are killed, stopped, starved and robbed, and nothing may be lost."""
