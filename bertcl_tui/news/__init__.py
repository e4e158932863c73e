"""News: what happens while somebody watches a store, who is told of it, and how it gets there."""
