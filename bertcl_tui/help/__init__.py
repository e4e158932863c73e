"""Help: every key, glyph and word, from the tables that make them."""
