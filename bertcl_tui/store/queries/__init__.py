"""Plain queries behind ``store.reader``. They load the database library: import them late."""
