"""What the charts of a screen are to show, as values that can be compared and drawn in a thread."""
