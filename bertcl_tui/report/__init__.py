"""A report to send to colleagues: one HTML file of a study or of the arena, which needs no network.

Its charts are drawn by Vega, which lies in the file; what they show can be switched and read there.
"""
