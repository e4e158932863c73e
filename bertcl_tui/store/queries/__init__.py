"""Plain queries behind ``bertcl_tui.read``. They load the database library: import them late."""
