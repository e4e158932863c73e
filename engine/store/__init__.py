"""What is remembered: one way in for writing, short verbs, one schema for SQLite and PostgreSQL."""
