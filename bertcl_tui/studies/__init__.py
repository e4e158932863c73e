"""Studies: the home screen."""
