"""Watch: what a person is told of who looks elsewhere, and where."""
