"""Compare: trials side by side, and what differs."""
