"""The app: which screens there are, how one comes to another, and what is set."""
