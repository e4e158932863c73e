"""Methods × sequences × seeds: what is wanted, what is there, and what it says. Light."""
