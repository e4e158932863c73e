"""How a sequence is learnt. Knows torch; knows neither the store nor the search."""
