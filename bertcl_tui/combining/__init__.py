"""From marked trials to a profile: what is combined, what comes out, and what becomes of it."""
