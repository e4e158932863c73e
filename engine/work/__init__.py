"""Who does it: detached worker processes that outlive the screen and talk through the store."""
