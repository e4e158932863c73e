"""What a screen asks of the store, and what it makes of the answer."""
