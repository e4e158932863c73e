"""What is learnt: the catalog, where its rows come from, their splits and their encoding."""
