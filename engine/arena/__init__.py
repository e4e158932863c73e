"""Methods × sequences × seeds: what is asked for, what is there, and what it says. Light."""
