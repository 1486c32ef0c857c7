"""How fast it is: the reference market, the same market as it is usually written, and what both cost."""
