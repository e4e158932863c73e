"""What the terminal reads from the store and what it writes to it."""
