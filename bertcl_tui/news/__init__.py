"""What happened while one looked elsewhere, and how it is announced."""
