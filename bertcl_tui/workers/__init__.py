"""Workers and log: who works, what waits, what happened."""
