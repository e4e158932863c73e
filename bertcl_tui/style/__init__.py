"""How things are shown: themes and their inks, glyphs of states, numbers as people read them."""
