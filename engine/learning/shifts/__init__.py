"""Parts of a task that shift: by length, and by cluster of what the model makes of it."""
